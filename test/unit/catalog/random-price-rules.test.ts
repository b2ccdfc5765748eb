import fc from 'fast-check';
import { expect, test } from 'vitest';
import { MAX_AMOUNT } from '../../../events/money.ts';
import {
  type Circumstances,
  type Conditions,
  type Effect,
  type ListedItem,
  type PriceRule,
  priceItems,
  type RuleSet,
} from '../../../lambdas/catalog/price-rules.ts';
import { RuleSetSchema } from '../../../lambdas/catalog/rule-set.ts';
import { noon } from '../../support/fixtures.ts';

const RUNS = 500;
const SKUS = ['gig', 'shirt', 'poster'];
const TAGS = ['student', 'staff'];

/** Small prices round often, large ones pass 2^53 in a percentage. */
const price = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: MAX_AMOUNT }));
const sku = fc.constantFrom(...SKUS);

const rangeOf = (number: fc.Arbitrary<number>) =>
  fc.oneof(
    fc.record({ at_least: number }),
    fc.record({ at_most: number }),
    fc.tuple(number, number).map(([a, b]) => ({ at_least: Math.min(a, b), at_most: Math.max(a, b) })),
  );
const hour = fc.integer({ min: 0, max: 11 }).map((hours) => new Date(noon + (hours - 6) * 3_600_000).toISOString());
const timeWindow = fc
  .uniqueArray(hour, { minLength: 2, maxLength: 2 })
  .map((times) => times.toSorted())
  .map(([from = '', until = '']) => ({ from, until }));

const conditions: fc.Arbitrary<Conditions> = fc.record(
  {
    stock: rangeOf(fc.nat(100)),
    time: timeWindow,
    quantity: rangeOf(fc.nat(60)),
    cart_total: rangeOf(fc.oneof(fc.nat(2000), fc.nat(MAX_AMOUNT))),
    customer_tag: fc.constantFrom(...TAGS),
  },
  { requiredKeys: [] },
);
const effect: fc.Arbitrary<Effect> = fc.oneof(
  fc.record({ type: fc.constant('percent' as const), basis_points: fc.integer({ min: -10_000, max: 100_000 }) }),
  fc.record({ type: fc.constant('amount' as const), amount: fc.oneof(fc.integer({ min: -60, max: 60 }), price) }),
  fc.record({ type: fc.constant('price' as const), price: fc.oneof(fc.constant(0), price) }),
);
const rule = fc.record(
  { skus: fc.uniqueArray(sku, { minLength: 1 }), when: conditions, effect },
  { requiredKeys: ['effect'] },
);
const ruleSet: fc.Arbitrary<RuleSet> = fc.record({
  mode: fc.constantFrom('first_match' as const, 'combine' as const),
  rules: fc
    .array(rule, { maxLength: 8 })
    .map((rules) => rules.map((fields, index): PriceRule => ({ ...fields, id: `rule-${index}` }))),
});

/** A product has one price and one stock, whichever line names it. */
const cart: fc.Arbitrary<ListedItem[]> = fc
  .tuple(
    fc.array(fc.record({ sku, quantity: fc.integer({ min: 1, max: 20 }) }), { minLength: 1, maxLength: 20 }),
    fc.array(fc.record({ list_price: price, available: fc.nat(100) }), {
      minLength: SKUS.length,
      maxLength: SKUS.length,
    }),
  )
  .map(([lines, products]) =>
    lines.map((line) => ({ ...line, list_price: 1, available: 0, ...products[SKUS.indexOf(line.sku)] })),
  );
const circumstances: fc.Arbitrary<Circumstances> = fc.record({
  now: fc.integer({ min: noon - 7 * 3_600_000, max: noon + 7 * 3_600_000 }),
  tags: fc.subarray(TAGS),
});

const forAll = (property: (rules: RuleSet, items: ListedItem[], when: Circumstances) => void) =>
  fc.assert(fc.property(ruleSet, cart, circumstances, property), { numRuns: RUNS });

test('the generated rule sets are valid, and apply often and in many ways', () => {
  const seen = new Map<string, number>();
  const add = (name: string) => seen.set(name, (seen.get(name) ?? 0) + 1);
  forAll((rules, items, when) => {
    expect(RuleSetSchema.parse(rules)).toEqual(rules);
    const { lines, total } = priceItems(rules, items, when);
    if (lines.some((line) => line.rules.length > 1)) add('several rules');
    if (lines.some((line) => line.rules.length > 0 && line.price !== line.list_price)) add('changed');
    if (lines.every((line) => line.rules.length === 0)) add('unchanged');
    if (total > MAX_AMOUNT) add('above the maximum');
    if (lines.some((line) => line.price === 0)) add('free');
  });
  for (const name of ['several rules', 'changed', 'unchanged', 'above the maximum', 'free'])
    expect(seen.get(name) ?? 0, name).toBeGreaterThan(10);
});

test(`a total is the sum of its lines, never negative and never fractional (${RUNS} rule sets and carts)`, () => {
  forAll((rules, items, when) => {
    const { lines, total } = priceItems(rules, items, when);
    expect(lines).toHaveLength(items.length);
    for (const line of lines) {
      expect(Number.isSafeInteger(line.price) && line.price >= 0).toBe(true);
      expect(BigInt(line.amount)).toBe(BigInt(line.price) * BigInt(line.quantity));
    }
    expect(BigInt(total)).toBe(lines.reduce((sum, { amount }) => sum + BigInt(amount), 0n));
    expect(Number.isSafeInteger(total) && total >= 0).toBe(true);
  });
});

test(`a price is equal for equal input, in whichever order the lines are (${RUNS} rule sets and carts)`, () => {
  forAll((rules, items, when) => {
    const priced = priceItems(rules, items, when);
    expect(priceItems(structuredClone(rules), structuredClone(items), structuredClone(when))).toEqual(priced);
    const reversed = priceItems(rules, items.toReversed(), when);
    expect(reversed.total).toBe(priced.total);
    expect(reversed.lines.toReversed()).toEqual(priced.lines);
  });
});

test(`the rules of a line explain its price without a gap (${RUNS} rule sets and carts)`, () => {
  forAll((rules, items, when) => {
    for (const { list_price, price: final, rules: applied } of priceItems(rules, items, when).lines) {
      expect(applied.map(({ before }) => before)).toEqual(
        applied.map((_, index) => (index === 0 ? list_price : applied[index - 1]?.after)),
      );
      expect(applied.at(-1)?.after ?? list_price).toBe(final);
      if (rules.mode === 'first_match') expect(applied.length).toBeLessThanOrEqual(1);
    }
  });
});
