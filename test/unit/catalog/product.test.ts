import { describe, expect, test } from 'vitest';
import { applyClaimed, applyInput, availableOf, type Product } from '../../../lambdas/catalog/product.ts';
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
const input = { sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 10 };

describe('applyInput', () => {
  const putting = given(applyInput);

  test('creates a new product at version 1 with nothing claimed', () => {
    putting(undefined)
      .when(input)
      .gives({ ...input, version: 1, published_version: 1, claimed: 0, claimed_version: 0 });
  });

  test.each([{ name: 'Shirt' }, { price: 1 }, { capacity: 2 }])('increments the version for %o', (changed) => {
    putting(shirt)
      .when({ ...input, ...changed })
      .gives({ ...shirt, ...changed, version: 5, published_version: 5 });
  });

  test('increments only the version of the row if nothing changes', () => {
    putting(shirt)
      .when(input)
      .gives({ ...shirt, version: 5 });
  });
});

describe('applyClaimed', () => {
  const applying = given(applyClaimed);

  test('stores the claimed quantity with its version and increments the version of the row', () => {
    applying(shirt)
      .when({ claimed: 9, version: 3 })
      .gives({ ...shirt, claimed: 9, claimed_version: 3, version: 5 });
  });

  test('changes nothing if the version is older or the same', () => {
    applying(shirt).when({ claimed: 9, version: 2 }).changesNothing();
    applying(shirt).when({ claimed: 9, version: 1 }).changesNothing();
  });
});

test('the available quantity is never below zero', () => {
  expect(availableOf(shirt)).toBe(7);
  expect(availableOf({ ...shirt, capacity: 2 })).toBe(0);
});
