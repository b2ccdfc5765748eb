import type { EventOf } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import type { CartCheckedOut } from '../../events/orders/cart-checked-out.ts';
import { createRandomId } from '../shared/runtime/ids.ts';
import { count } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, versionIs, type Write } from '../shared/store/store.ts';
import { type Cart, emptyAfterCheckout, replaceItems } from './cart.ts';
import { cartKey, parseCart, readCart } from './cart-row.ts';
import { watchVersion } from './version-watch.ts';

export type CartCheckedOutEvent = EventOf<typeof CartCheckedOut>;

/** Returns whether an order was placed from this generation of a cart. */
export type IsCheckedOut = (cart: Pick<Cart, 'user_id' | 'cart_id'>) => Promise<boolean>;

/** What the API does with carts. */
export function cartStore(work: UnitOfWork, isCheckedOut: IsCheckedOut) {
  const { store, clock } = work;
  return {
    /**
     * Returns the cart of a user, or nothing if it has no items. From the moment when its order is placed, a cart is
     * empty, although the event that empties its row arrives later.
     */
    get: async (userId: string): Promise<Cart | undefined> => {
      const cart = await readCart(store, userId, () => clock.now());
      if (!cart || cart.items.length === 0) return undefined;
      return (await isCheckedOut(cart)) ? undefined : cart;
    },
    put: (userId: string, items: Item[]) => replaceCart(work, userId, items, isCheckedOut),
    /** Removes all items. The row remains, so that versions never start again while another request writes it. */
    clear: async (userId: string): Promise<void> => {
      await replaceCart(work, userId, [], isCheckedOut);
    },
  };
}
export type CartStore = ReturnType<typeof cartStore>;

/**
 * Replaces the items of a cart. A cart that has none and gets none is written all the same: a write of an earlier
 * request that is still under way is then refused, and a late checkout does not find the order of its generation.
 */
function replaceCart(work: UnitOfWork, userId: string, items: Item[], isCheckedOut: IsCheckedOut) {
  const hasMoved = watchVersion();
  return commit(work, async (read) => {
    const key = cartKey(userId);
    const row = await read.get(key);
    const before = row && parseCart(row);
    const hadItems = before !== undefined && before.items.length > 0;
    const staysEmpty = items.length === 0 && !hadItems;
    // The items of an emptied cart differ from any that are put, so they are a new generation in either case.
    const wasOrdered = before !== undefined && (hadItems || staysEmpty) && (await isCheckedOut(before));
    const isWritten = hasMoved(before?.version);
    if (staysEmpty && isWritten && !wasOrdered) return { writes: [], result: undefined };
    const change = { user_id: userId, items, nowMs: work.clock.now(), newId: createRandomId() };
    const cart = replaceItems(before, wasOrdered, change);
    const { user_id: _, ...set } = cart;
    const write: Write = before
      ? { op: 'update', key, set, when: versionIs(before.version) }
      : { op: 'put', row: { ...key, ...cart }, when: absent };
    return { writes: [write], result: cart };
  });
}

/**
 * Empties the cart from which an order was placed. A cart that was changed since is another generation and stays. The
 * event may be received any number of times.
 */
export const emptyCheckedOutCart = (work: UnitOfWork, { data }: CartCheckedOutEvent): Promise<void> =>
  commit(work, async (read) => {
    const key = cartKey(data.user_id);
    const row = await read.get(key);
    const before = row && parseCart(row);
    const next = before && emptyAfterCheckout(before, data.cart_id);
    if (!next) {
      count('Duplicates');
      return { writes: [], result: undefined };
    }
    const { items, version } = next;
    return {
      writes: [{ op: 'update', key, set: { items, version }, when: versionIs(before.version) }],
      result: undefined,
    };
  });
