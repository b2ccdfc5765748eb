import { describe, expect, test } from 'vitest';
import { type Cart, emptyAfterCheckout, isExpired, replaceItems } from '../../../lambdas/catalog/cart.ts';
import { noon } from '../../support/fixtures.ts';
import { given } from '../../support/given.ts';

const WEEK_S = 7 * 24 * 3600;
const shirts = [{ sku: 'shirt', quantity: 2 }];
const poster = [{ sku: 'poster', quantity: 1 }];
const cart: Cart = {
  user_id: 'alice',
  cart_id: 'first',
  items: shirts,
  version: 4,
  updated_at: '2026-01-01T12:00:00.000Z',
  expires_at: noon / 1000 + WEEK_S,
};

describe('replaceItems', () => {
  interface Before {
    readonly cart?: Cart;
    readonly isCheckedOut?: boolean;
  }
  const replacing = given((before: Before, [items, nowMs]: [Cart['items'], number]) =>
    replaceItems(before.cart, before.isCheckedOut ?? false, { user_id: 'alice', items, nowMs, newId: 'second' }),
  );

  test('creates a cart that expires after seven days', () => {
    replacing({})
      .when([shirts, noon])
      .gives({ ...cart, cart_id: 'second', version: 1 });
  });

  test('starts a new generation if the items change', () => {
    replacing({ cart })
      .when([poster, noon])
      .gives({ ...cart, cart_id: 'second', items: poster, version: 5 });
  });

  test('keeps the generation of the same items, and renews their expiry', () => {
    replacing({ cart })
      .when([shirts, noon + 60_000])
      .gives({ ...cart, version: 5, updated_at: '2026-01-01T12:01:00.000Z', expires_at: cart.expires_at + 60 });
  });

  test('starts a new generation with the same items after a checkout', () => {
    replacing({ cart, isCheckedOut: true })
      .when([shirts, noon])
      .gives({ ...cart, cart_id: 'second', version: 5 });
  });

  test('starts a new generation with the same items after the cart has expired', () => {
    const later = noon + WEEK_S * 1000;
    replacing({ cart })
      .when([shirts, later])
      .gives({
        ...cart,
        cart_id: 'second',
        version: 5,
        updated_at: '2026-01-08T12:00:00.000Z',
        expires_at: cart.expires_at + WEEK_S,
      });
  });
});

describe('emptyAfterCheckout', () => {
  const emptying = given(emptyAfterCheckout);

  test('removes the items and keeps the generation', () => {
    emptying(cart)
      .when('first')
      .gives({ ...cart, items: [], version: 5 });
  });

  test('changes nothing if the cart was changed since, or is empty already', () => {
    emptying(cart).when('earlier').changesNothing();
    emptying({ ...cart, items: [] })
      .when('first')
      .changesNothing();
  });
});

test('a cart expires at its time, and not before', () => {
  expect(isExpired(cart, cart.expires_at * 1000 - 1)).toBe(false);
  expect(isExpired(cart, cart.expires_at * 1000)).toBe(true);
});
