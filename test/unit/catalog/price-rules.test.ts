import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT } from '../../../events/money.ts';
import {
  type Circumstances,
  type Conditions,
  type Effect,
  faultOfTotal,
  type ListedItem,
  type PriceRule,
  priceItems,
} from '../../../lambdas/catalog/price-rules.ts';
import { noon } from '../../support/fixtures.ts';

const tenOff: Effect = { type: 'percent', basis_points: -1000 };
const shirt = (quantity: number, list_price = 1000): ListedItem => {
  return { sku: 'shirt', quantity, list_price, available: 50 };
};
const seat = (name: string): ListedItem => ({
  sku: 'gig',
  quantity: 1,
  seat: name,
  list_price: 4000,
  available: 5,
});
const anybody: Circumstances = { now: noon, tags: [] };

/** Prices items by rules, and returns the price of one unit of each line. */
const pricing = (mode: 'first_match' | 'combine', ...rules: PriceRule[]) => ({
  of: (items: readonly ListedItem[], circumstances = anybody) => {
    const { lines, total } = priceItems({ mode, rules }, items, circumstances);
    return {
      costs: (...prices: number[]) => {
        expect(lines.map(({ price }) => price)).toEqual(prices);
        expect(total).toBe(lines.reduce((sum, { price, quantity }) => sum + price * quantity, 0));
      },
    };
  },
});
const rule = (id: string, effect: Effect, fields: Partial<PriceRule> = {}): PriceRule => ({ id, effect, ...fields });
const only = (when: Conditions) => pricing('first_match', rule('only', tenOff, { when }));

describe('an effect', () => {
  const costAfter = (effect: Effect, price: number) =>
    priceItems({ mode: 'first_match', rules: [rule('r', effect)] }, [shirt(1, price)], anybody).lines[0]?.price;

  test.each<[Effect, number, number]>([
    [{ type: 'percent', basis_points: -1250 }, 1000, 875],
    [{ type: 'percent', basis_points: 2000 }, 1000, 1200],
    [{ type: 'percent', basis_points: -10_000 }, 1000, 0],
    [{ type: 'percent', basis_points: 0 }, 999, 999],
    [{ type: 'amount', amount: -300 }, 1000, 700],
    [{ type: 'amount', amount: 300 }, 1000, 1300],
    [{ type: 'price', price: 5 }, 1000, 5],
  ])('%j changes %i to %i', (effect, before, after) => expect(costAfter(effect, before)).toBe(after));

  test.each([
    [1, 1],
    [3, 2],
    [5, 3],
    [7, 4],
    [101, 51],
  ])('of half the price rounds a half up: %i becomes %i', (before, after) =>
    expect(costAfter({ type: 'percent', basis_points: -5000 }, before)).toBe(after),
  );

  test('rounds below a half down', () => {
    expect(costAfter({ type: 'percent', basis_points: -6667 }, 10)).toBe(3);
    expect(costAfter({ type: 'percent', basis_points: -9501 }, 10)).toBe(0);
  });

  test.each([
    [12, -1250, 11],
    [430, -1500, 366],
    [999_283_268_420, -1250, 874_372_859_868],
    [MAX_AMOUNT, -1, 999_900_000_000],
  ])('is exact where a float would not be: %i by %i basis points is %i', (before, basis_points, after) =>
    expect(costAfter({ type: 'percent', basis_points }, before)).toBe(after),
  );

  test('never leads below zero', () => expect(costAfter({ type: 'amount', amount: -1001 }, 1000)).toBe(0));

  test('that leads above the maximum amount leads to a total that is rejected', () => {
    const price = costAfter({ type: 'percent', basis_points: 100_000 }, MAX_AMOUNT) ?? 0;
    expect(price).toBe(MAX_AMOUNT + 1);
    expect(faultOfTotal(price)).toBe('above_maximum');
  });
});

describe('the mode', () => {
  const rules = [
    rule('none', tenOff, { skus: ['gig'] }),
    rule('half', { type: 'percent', basis_points: -5000 }),
    rule('less', { type: 'amount', amount: -1 }),
    rule('fixed', { type: 'price', price: 7 }, { when: { customer_tag: 'staff' } }),
  ];

  test('first_match applies the first rule whose conditions hold, and no other', () => {
    pricing('first_match', ...rules)
      .of([shirt(1)])
      .costs(500);
  });

  test('combine applies all rules whose conditions hold, each to the price that the last one left', () => {
    pricing('combine', ...rules)
      .of([shirt(1)])
      .costs(499);
    pricing('combine', ...rules)
      .of([shirt(1)], { ...anybody, tags: ['staff'] })
      .costs(7);
  });

  test('combine is exact if the price is above the maximum between two rules', () => {
    const twentyfold: Effect = { type: 'percent', basis_points: 100_000 };
    const backAgain: Effect = { type: 'percent', basis_points: -9000 };
    pricing('combine', rule('up', twentyfold), rule('down', backAgain))
      .of([shirt(1, 800_000_000_000)])
      .costs(880_000_000_000);
  });

  test('explains each line by its rules, with the price before and after each', () => {
    const { lines } = priceItems({ mode: 'combine', rules }, [shirt(3)], anybody);
    expect(lines).toEqual([
      {
        sku: 'shirt',
        quantity: 3,
        list_price: 1000,
        price: 499,
        amount: 1497,
        rules: [
          { rule: 'half', before: 1000, after: 500 },
          { rule: 'less', before: 500, after: 499 },
        ],
      },
    ]);
  });
});

describe('a rule', () => {
  test('without conditions and products always applies', () => {
    pricing('combine', rule('all', tenOff))
      .of([shirt(1), seat('A1')])
      .costs(900, 3600);
  });

  test('applies to its products only', () => {
    pricing('combine', rule('gigs', tenOff, { skus: ['gig', 'other'] }))
      .of([shirt(1), seat('A1')])
      .costs(1000, 3600);
  });

  test.each([
    [49, 1000],
    [50, 900],
    [51, 900],
  ])('for at most 50 left applies at the bound (%i: %i)', (at_most, price) => {
    only({ stock: { at_most } })
      .of([shirt(1)])
      .costs(price);
  });

  test('for a stock of at least 5 applies to each product by its own stock', () => {
    only({ stock: { at_least: 6 } })
      .of([shirt(1), seat('A1')])
      .costs(900, 4000);
  });

  test('for a quantity counts all lines of the product, so that seats are counted together', () => {
    const twoOrMore = only({ quantity: { at_least: 2 } });
    twoOrMore.of([seat('A1'), shirt(1)]).costs(4000, 1000);
    twoOrMore.of([seat('A1'), shirt(1), seat('A2')]).costs(3600, 1000, 3600);
    only({ quantity: { at_most: 3 } })
      .of([shirt(2), shirt(2)])
      .costs(1000, 1000);
  });

  test('for a cart total compares the sum of the list prices', () => {
    const from4000 = only({ cart_total: { at_least: 4000 } });
    from4000.of([shirt(3)]).costs(1000);
    from4000.of([shirt(4)]).costs(900);
    from4000.of([shirt(2), shirt(2)]).costs(900, 900);
  });

  test('for a time applies from its start and before its end', () => {
    const inWindow = only({ time: { from: '2026-01-01T12:00:00Z', until: '2026-01-01T13:00:00Z' } });
    inWindow.of([shirt(1)], { ...anybody, now: noon - 1 }).costs(1000);
    inWindow.of([shirt(1)], { ...anybody, now: noon }).costs(900);
    inWindow.of([shirt(1)], { ...anybody, now: noon + 3_600_000 - 1 }).costs(900);
    inWindow.of([shirt(1)], { ...anybody, now: noon + 3_600_000 }).costs(1000);
    only({ time: { from: '2026-01-01T12:00:00Z' } })
      .of([shirt(1)], { ...anybody, now: noon + 1 })
      .costs(900);
  });

  test('for a tag applies to customers who have it', () => {
    const students = only({ customer_tag: 'student' });
    students.of([shirt(1)]).costs(1000);
    students.of([shirt(1)], { ...anybody, tags: ['staff', 'student'] }).costs(900);
  });

  test('applies only if all of its conditions hold', () => {
    const both = only({ quantity: { at_least: 2 }, customer_tag: 'student' });
    both.of([shirt(2)]).costs(1000);
    both.of([shirt(1)], { ...anybody, tags: ['student'] }).costs(1000);
    both.of([shirt(2)], { ...anybody, tags: ['student'] }).costs(900);
  });
});

test.each([
  [0, 'zero'],
  [1, undefined],
  [MAX_AMOUNT, undefined],
  [MAX_AMOUNT + 1, 'above_maximum'],
])('a total of %i has the fault %s', (total, fault) => expect(faultOfTotal(total)).toBe(fault));
