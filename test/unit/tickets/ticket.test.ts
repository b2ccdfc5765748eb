import { describe, expect, test } from 'vitest';
import { type Item, Items } from '../../../events/items.ts';
import {
  applyCapacity,
  type Claim,
  claim,
  claimInSequence,
  type ProductCapacity,
  productGroupOf,
  releaseClaims,
  type SeatOfProduct,
  type Stock,
} from '../../../lambdas/tickets/ticket.ts';
import { given } from '../../support/given.ts';

const stock = (sku: string, capacity: number, claimed = 0, version = 4): Stock => ({
  sku,
  capacity,
  claimed,
  version,
  product_version: 1,
});
const seat = (name: string, sku = 'concert') => ({ sku, quantity: 1, seat: name });
const so = (quantity: number, sku = 'shirt') => ({ sku, quantity });

describe('an order for tickets', () => {
  const claiming = given(
    ({ has, taken = [] }: { has: Stock[]; taken?: SeatOfProduct[] }, items: Item[]): Claim => claim(items, has, taken),
  );

  test('claims the stock of all its lines, each under the next version', () => {
    claiming({ has: [stock('concert', 10, 3), stock('shirt', 5)] })
      .when([seat('A1'), so(2)])
      .gives({ decision: 'issued', stock: [stock('concert', 10, 4, 5), stock('shirt', 5, 2, 5)] });
  });

  test('may have two seats of one product: they count together', () => {
    claiming({ has: [stock('concert', 2)] })
      .when([seat('A1'), seat('A2')])
      .gives({ decision: 'issued', stock: [stock('concert', 2, 2, 5)] });
    claiming({ has: [stock('concert', 1)] })
      .when([seat('A1'), seat('A2')])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'concert' });
  });

  test('gets the last one, and not one more', () => {
    claiming({ has: [stock('shirt', 5, 3)] })
      .when([so(2)])
      .gives({
        decision: 'issued',
        stock: [stock('shirt', 5, 5, 5)],
      });
    claiming({ has: [stock('shirt', 5, 3)] })
      .when([so(1), so(2)])
      .gives({
        decision: 'rejected',
        reason: 'sold_out',
        sku: 'shirt',
      });
  });

  test('claims nothing where one line of it is gone', () => {
    claiming({ has: [stock('concert', 10), stock('shirt', 0)] })
      .when([seat('A1'), so(1)])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'shirt' });
  });

  test('is told of a seat that is taken before all else, even where nothing is left at all', () => {
    claiming({ has: [stock('concert', 1, 1)], taken: [{ sku: 'concert', seat: 'A1' }] })
      .when([seat('A1')])
      .gives({ decision: 'rejected', reason: 'seat_taken', sku: 'concert', seat: 'A1' });
  });

  test('waits for products that have not been heard of', () => {
    claiming({ has: [stock('shirt', 1)] })
      .when([seat('A1'), so(1), seat('B1', 'opera')])
      .gives({ decision: 'unknown', skus: ['concert', 'opera'] });
  });

  test('gets a general ticket where it is for nothing in particular', () => {
    claiming({ has: [] }).when([]).gives({ decision: 'issued', stock: [] });
  });

  test('finds nothing left where the capacity was lowered below what is claimed', () => {
    claiming({ has: [stock('shirt', 2, 5)] })
      .when([so(1)])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'shirt' });
  });
});

describe('orders that are decided together', () => {
  const claiming = given(({ has, taken = [] }: { has: Stock[]; taken?: SeatOfProduct[] }, orders: Item[][]) => {
    const { claims, stock: after } = claimInSequence(
      orders.map((items) => ({ items })),
      has,
      taken,
    );
    return { decided: claims.map(({ claim: one }) => ('reason' in one ? one.reason : one.decision)), after };
  });

  test('take from what the ones before them have left, and the stock has one next version', () => {
    claiming({ has: [stock('shirt', 4, 0, 7)] })
      .when([[so(2)], [so(3)], [so(2)]])
      .gives({ decided: ['issued', 'sold_out', 'issued'], after: [stock('shirt', 4, 4, 8)] });
  });

  test('leave the stock alone where none of them gets anything', () => {
    claiming({ has: [stock('shirt', 1, 1)] })
      .when([[so(1)], [so(1)]])
      .gives({ decided: ['sold_out', 'sold_out'], after: [] });
  });

  test('of one seat: the first has it', () => {
    claiming({ has: [stock('concert', 9)] })
      .when([[seat('A1')], [seat('A1')], [seat('A2')]])
      .gives({ decided: ['issued', 'seat_taken', 'issued'], after: [stock('concert', 9, 2, 5)] });
  });

  test('look at their own products only, whatever else is short, taken or changed', () => {
    claiming({ has: [stock('concert', 1), stock('shirt', 2, 5)], taken: [{ sku: 'concert', seat: 'A1' }] })
      .when([[seat('A2')], [so(1)], []])
      .gives({ decided: ['issued', 'sold_out', 'issued'], after: [stock('concert', 1, 1, 5)] });
  });

  test('want the same where their products are the same, whatever their lines', () => {
    expect(productGroupOf([seat('A1'), so(2), seat('A2')])).toBe(productGroupOf([so(1), seat('B1')]));
    expect(productGroupOf([so(1)])).not.toBe(productGroupOf([so(1), seat('A1')]));
  });
});

test('a ticket that is void gives back exactly what it claimed', () => {
  const items = [seat('A1'), seat('A2'), so(3)];
  expect(releaseClaims(items, [stock('concert', 10, 4), stock('shirt', 5, 3)])).toEqual([
    stock('concert', 10, 2, 5),
    stock('shirt', 5, 0, 5),
  ]);
});

test('stock that was made anew by hand does not get back what it never gave', () => {
  expect(releaseClaims([so(3)], [stock('shirt', 5, 1)])).toEqual([stock('shirt', 5, 0, 5)]);
});

describe('what catalog says of a product', () => {
  const hearing = given((before: Stock | undefined, said: ProductCapacity) => applyCapacity(before, said));
  const said = (capacity: number, version: number): ProductCapacity => ({ sku: 'shirt', capacity, version });

  test('makes its stock', () => {
    hearing(undefined).when(said(7, 3)).gives({
      sku: 'shirt',
      capacity: 7,
      claimed: 0,
      version: 0,
      product_version: 3,
    });
  });

  test('changes how much there is, and never what is claimed', () => {
    hearing(stock('shirt', 5, 5))
      .when(said(2, 2))
      .gives({ ...stock('shirt', 2, 5, 5), product_version: 2 });
  });

  test('changes nothing where it is old or the same', () => {
    hearing({ ...stock('shirt', 5), product_version: 3 })
      .when(said(9, 3))
      .changesNothing();
    hearing({ ...stock('shirt', 5), product_version: 3 })
      .when(said(9, 2))
      .changesNothing();
  });
});

test('an order cannot name one seat twice, nor more than one of a seat', () => {
  expect(Items.safeParse([seat('A1'), seat('A1')]).success).toBe(false);
  expect(Items.safeParse([{ ...seat('A1'), quantity: 2 }]).success).toBe(false);
  expect(Items.safeParse([seat('A1'), seat('A1', 'opera'), so(1), so(1)]).success).toBe(true);
});
