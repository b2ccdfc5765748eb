import type { Item } from '../../events/items.ts';

/**
 * The cart of a user. `cart_id` names its generation: it changes when the items change, and one generation leads to one
 * order at most. A cart that was checked out keeps its id without items.
 */
export interface Cart {
  readonly user_id: string;
  readonly cart_id: string;
  readonly items: Item[];
  readonly version: number;
  readonly updated_at: string;
  /** In seconds since the epoch. It is also the TTL of the row, which DynamoDB may delete two days late. */
  readonly expires_at: number;
}

/** A cart expires seven days after its last change. */
const VALID_SECONDS = 7 * 24 * 3600;

interface Change {
  readonly user_id: string;
  readonly items: Item[];
  readonly nowMs: number;
  /** The id of the generation, if there is a new one. */
  readonly newId: string;
}

/** Returns whether a cart has expired. Such a cart is never shown and never ordered. */
export const isExpired = ({ expires_at }: Cart, nowMs: number): boolean => nowMs >= expires_at * 1000;

/**
 * Returns the cart with other items. The same items are the same generation, so a repeated request cannot lead to a
 * second order. After a checkout the same items are a new generation: the customer wants them once more.
 */
export function replaceItems(
  before: Cart | undefined,
  isCheckedOut: boolean,
  { user_id, items, nowMs, newId }: Change,
): Cart {
  const isSame =
    before && !isCheckedOut && !isExpired(before, nowMs) && JSON.stringify(before.items) === JSON.stringify(items);
  return {
    user_id,
    cart_id: isSame ? before.cart_id : newId,
    items,
    version: (before?.version ?? 0) + 1,
    updated_at: new Date(nowMs).toISOString(),
    expires_at: Math.floor(nowMs / 1000) + VALID_SECONDS,
  };
}

/** Returns the cart without items after its checkout, or nothing if it was changed since, or emptied before. */
export const emptyAfterCheckout = (cart: Cart, cart_id: string): Cart | undefined =>
  cart.cart_id === cart_id && cart.items.length > 0 ? { ...cart, items: [], version: cart.version + 1 } : undefined;
