import { describe, expect, test } from 'vitest';
import { type Item, Items } from '../../../events/items.ts';
import {
  applyCapacity,
  type Claim,
  claim,
  claimInSequence,
  productGroupOf,
  releaseClaims,
  type SeatOfProduct,
  type Stock,
} from '../../../lambdas/tickets/ticket.ts';
import { given } from '../../support/given.ts';

const stockOf = (sku: string, capacity: number, claimed = 0, version = 4): Stock => ({
  sku,
  capacity,
  claimed,
  version,
  product_version: 1,
});
const seat = (name: string, sku = 'concert') => ({ sku, quantity: 1, seat: name });
const shirts = (quantity: number) => ({ sku: 'shirt', quantity });

interface Availability {
  readonly stock: Stock[];
  readonly taken?: SeatOfProduct[];
}

describe('an order', () => {
  const claiming = given(({ stock, taken = [] }: Availability, items: Item[]): Claim => claim(items, stock, taken));

  test('claims the stock of all its lines, each under the next version', () => {
    claiming({ stock: [stockOf('concert', 10, 3), stockOf('shirt', 5)] })
      .when([seat('A1'), shirts(2)])
      .gives({ decision: 'issued', stock: [stockOf('concert', 10, 4, 5), stockOf('shirt', 5, 2, 5)] });
  });

  test('claims two seats of one product together', () => {
    claiming({ stock: [stockOf('concert', 2)] })
      .when([seat('A1'), seat('A2')])
      .gives({ decision: 'issued', stock: [stockOf('concert', 2, 2, 5)] });
    claiming({ stock: [stockOf('concert', 1)] })
      .when([seat('A1'), seat('A2')])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'concert' });
  });

  test('claims up to the capacity and not more', () => {
    claiming({ stock: [stockOf('shirt', 5, 3)] })
      .when([shirts(2)])
      .gives({
        decision: 'issued',
        stock: [stockOf('shirt', 5, 5, 5)],
      });
    claiming({ stock: [stockOf('shirt', 5, 3)] })
      .when([shirts(1), shirts(2)])
      .gives({
        decision: 'rejected',
        reason: 'sold_out',
        sku: 'shirt',
      });
  });

  test('claims nothing if one of its lines is sold out', () => {
    claiming({ stock: [stockOf('concert', 10), stockOf('shirt', 0)] })
      .when([seat('A1'), shirts(1)])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'shirt' });
  });

  test('is rejected for a taken seat even if the product is sold out as well', () => {
    claiming({ stock: [stockOf('concert', 1, 1)], taken: [{ sku: 'concert', seat: 'A1' }] })
      .when([seat('A1')])
      .gives({ decision: 'rejected', reason: 'seat_taken', sku: 'concert', seat: 'A1' });
  });

  test('claims a seat that is taken for another product only', () => {
    const taken = [{ sku: 'opera', seat: 'A1' }];
    claiming({ stock: [stockOf('concert', 10)], taken })
      .when([seat('A1')])
      .gives({ decision: 'issued', stock: [stockOf('concert', 10, 1, 5)] });
  });

  test('is not decided while products are unknown', () => {
    claiming({ stock: [stockOf('shirt', 1)] })
      .when([seat('A1'), shirts(1), seat('B1', 'opera')])
      .gives({ decision: 'unknown', skus: ['concert', 'opera'] });
  });

  test('without items gets a general ticket', () => {
    claiming({ stock: [] }).when([]).gives({ decision: 'issued', stock: [] });
  });

  test('is rejected if the capacity was lowered below the claimed quantity', () => {
    claiming({ stock: [stockOf('shirt', 2, 5)] })
      .when([shirts(1)])
      .gives({ decision: 'rejected', reason: 'sold_out', sku: 'shirt' });
  });
});

describe('orders decided in sequence', () => {
  const claiming = given(({ stock, taken = [] }: Availability, orders: Item[][]) => {
    const { claims, stock: after } = claimInSequence(
      orders.map((items) => ({ items })),
      stock,
      taken,
    );
    return { decided: claims.map(({ claim }) => ('reason' in claim ? claim.reason : claim.decision)), after };
  });

  test('claim what the orders before them have left, and the stock gets one next version', () => {
    claiming({ stock: [stockOf('shirt', 4, 0, 7)] })
      .when([[shirts(2)], [shirts(3)], [shirts(2)]])
      .gives({ decided: ['issued', 'sold_out', 'issued'], after: [stockOf('shirt', 4, 4, 8)] });
  });

  test('leave the stock unchanged if all of them are rejected', () => {
    claiming({ stock: [stockOf('shirt', 1, 1)] })
      .when([[shirts(1)], [shirts(1)]])
      .gives({ decided: ['sold_out', 'sold_out'], after: [] });
  });

  test('for one seat: the first order gets it', () => {
    claiming({ stock: [stockOf('concert', 9)] })
      .when([[seat('A1')], [seat('A1')], [seat('A2')]])
      .gives({ decided: ['issued', 'seat_taken', 'issued'], after: [stockOf('concert', 9, 2, 5)] });
  });

  test('depend only on their own products', () => {
    claiming({ stock: [stockOf('concert', 1), stockOf('shirt', 2, 5)], taken: [{ sku: 'concert', seat: 'A1' }] })
      .when([[seat('A2')], [shirts(1)], []])
      .gives({ decided: ['issued', 'sold_out', 'issued'], after: [stockOf('concert', 1, 1, 5)] });
  });

  test('belong to one group if their products are the same, whatever their lines', () => {
    expect(productGroupOf([seat('A1'), shirts(2), seat('A2')])).toBe(productGroupOf([shirts(1), seat('B1')]));
    expect(productGroupOf([shirts(1)])).not.toBe(productGroupOf([shirts(1), seat('A1')]));
  });
});

test('releasing claims subtracts exactly what the ticket has claimed', () => {
  const items = [seat('A1'), seat('A2'), shirts(3)];
  expect(releaseClaims(items, [stockOf('concert', 10, 4), stockOf('shirt', 5, 3)])).toEqual([
    stockOf('concert', 10, 2, 5),
    stockOf('shirt', 5, 0, 5),
  ]);
});

test('releasing claims does not go below zero if the stock row was created again by hand', () => {
  expect(releaseClaims([shirts(3)], [stockOf('shirt', 5, 1)])).toEqual([stockOf('shirt', 5, 0, 5)]);
});

describe('the capacity of a product', () => {
  const applying = given((stock: Stock | undefined, change: Parameters<typeof applyCapacity>[1]) =>
    applyCapacity(stock, change, 100),
  );
  const product = (capacity: number, version: number) => ({ sku: 'shirt', capacity, version });

  test('creates the stock of a new product', () => {
    applying(undefined).when(product(7, 3)).gives({
      sku: 'shirt',
      capacity: 7,
      claimed: 0,
      version: 100,
      product_version: 3,
    });
  });

  test('changes the capacity and never the claimed quantity', () => {
    applying(stockOf('shirt', 5, 5))
      .when(product(2, 2))
      .gives({ ...stockOf('shirt', 2, 5, 5), product_version: 2 });
  });

  test('changes nothing if its version is older or the same', () => {
    applying({ ...stockOf('shirt', 5), product_version: 3 })
      .when(product(9, 3))
      .changesNothing();
    applying({ ...stockOf('shirt', 5), product_version: 3 })
      .when(product(9, 2))
      .changesNothing();
  });
});

test('items reject a seat named twice and a quantity above 1 for a seat', () => {
  expect(Items.safeParse([seat('A1'), seat('A1')]).success).toBe(false);
  expect(Items.safeParse([{ ...seat('A1'), quantity: 2 }]).success).toBe(false);
  expect(Items.safeParse([seat('A1'), seat('A1', 'opera'), shirts(1), shirts(1)]).success).toBe(true);
});
