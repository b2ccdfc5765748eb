import { deriveId } from '../shared/runtime/ids.ts';
import type { Reader } from '../shared/store/store.ts';
import { orderKey } from './order-row.ts';

/** One generation of a user's cart. */
export interface CartGeneration {
  readonly user_id: string;
  readonly cart_id: string;
}

/** Returns the id of the order of a cart. It derives from the generation, so each leads to one order at most. */
export const orderIdOfCart = ({ user_id, cart_id }: CartGeneration): string => deriveId('cart', user_id, cart_id);

/**
 * Returns whether an order was placed from this generation of a cart. This is the port of orders for the catalog. The
 * read is strongly consistent, and the caller needs read access only.
 */
export const isCheckedOut = async (reader: Reader, cart: CartGeneration): Promise<boolean> =>
  (await reader.get(orderKey(orderIdOfCart(cart)))) !== undefined;
