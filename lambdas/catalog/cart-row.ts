import * as z from 'zod/mini';
import { Item } from '../../events/items.ts';
import type { Key, Reader, Row } from '../shared/store/store.ts';
import { type Cart, isExpired } from './cart.ts';

export const cartKey = (userId: string): Key => ({ pk: `CART#${userId}`, sk: 'STATE' });

const CartRow = z.object({
  user_id: z.string(),
  cart_id: z.string(),
  items: z.array(Item),
  version: z.number(),
  updated_at: z.string(),
  expires_at: z.number(),
});

export const parseCart = (row: Row): Cart => CartRow.parse(row);

/**
 * Returns the cart of a user, if there is one and it has not expired. This is a port of the catalog for the orders API.
 * The read is strongly consistent, and the caller needs read access only.
 */
export async function readCart(reader: Reader, userId: string, now: () => number): Promise<Cart | undefined> {
  const row = await reader.get(cartKey(userId));
  const cart = row && parseCart(row);
  return cart && !isExpired(cart, now()) ? cart : undefined;
}
