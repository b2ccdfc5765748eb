import { describe, expect, test } from 'vitest';
import {
  applyClaimed,
  applyInput,
  availableOf,
  type Product,
  type ProductInput,
} from '../../../lambdas/catalog/product.ts';
import { given } from '../../support/given.ts';

const shirt: Product = {
  sku: 'shirt',
  name: 'T-shirt',
  price: 1500,
  capacity: 10,
  version: 4,
  published_version: 1,
  claimed: 3,
  claimed_version: 2,
};
const wanted = { sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 10 };

describe('a product that is put', () => {
  const putting = given((before: Product | undefined, want: ProductInput) => applyInput(before, want));

  test('is new at version 1, and nothing of it is claimed', () => {
    putting(undefined)
      .when(wanted)
      .gives({ ...wanted, version: 1, published_version: 1, claimed: 0, claimed_version: 0 });
  });

  test.each([{ name: 'Shirt' }, { price: 1 }, { capacity: 2 }])('has its next version where %o is new', (is) => {
    putting(shirt)
      .when({ ...wanted, ...is })
      .gives({ ...shirt, ...is, version: 5, published_version: 5 });
  });

  test('is the very same where nothing is new', () => {
    expect(applyInput(shirt, wanted)).toBe(shirt);
  });
});

describe('what tickets say of claims', () => {
  const hearing = given((before: Product, heard: { claimed: number; version: number }) => applyClaimed(before, heard));

  test('is kept with its own version, under the next one of the row', () => {
    hearing(shirt)
      .when({ claimed: 9, version: 3 })
      .gives({ ...shirt, claimed: 9, claimed_version: 3, version: 5 });
  });

  test('changes nothing where it is old or the same', () => {
    hearing(shirt).when({ claimed: 9, version: 2 }).changesNothing();
    hearing(shirt).when({ claimed: 9, version: 1 }).changesNothing();
  });
});

test('what is left is never less than nothing', () => {
  expect(availableOf(shirt)).toBe(7);
  expect(availableOf({ ...shirt, capacity: 2 })).toBe(0);
});
