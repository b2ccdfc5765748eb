import * as z from 'zod/mini';
import { CartId, UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { route } from '../shared/http/route.ts';
import { toIso } from '../shared/runtime/clock.ts';
import type { Cart } from './cart.ts';
import type { CatalogApiDeps } from './deps.ts';
import { priceFields } from './price-view.ts';
import type { Price } from './pricing.ts';

const params = z.strictObject({ user_id: UserId });

/** A cart with the prices of now. An empty cart has no id and no times. */
const CartView = z.object({
  user_id: UserId,
  cart_id: z.optional(CartId),
  lines: priceFields.lines,
  total: priceFields.total,
  rules_version: z.optional(priceFields.rules_version),
  updated_at: z.optional(z.iso.datetime()),
  expires_at: z.optional(z.iso.datetime()),
});
type CartView = z.infer<typeof CartView>;

const emptyCart = (user_id: string): CartView => ({ user_id, lines: [], total: 0 });

const toCartView = (
  { user_id, cart_id, updated_at, expires_at }: Cart,
  { lines, total, rules_version }: Price,
): CartView => ({ user_id, cart_id, lines, total, rules_version, updated_at, expires_at: toIso(expires_at * 1000) });

export const showCart = route(
  { params, returns: CartView },
  async ({ params: { user_id } }, { carts, readPrice }: CatalogApiDeps) => {
    const cart = await carts.get(user_id);
    return cart ? toCartView(cart, await readPrice(cart)) : emptyCart(user_id);
  },
);

export const putCart = route(
  { params, body: z.strictObject({ items: RequestedItems }), returns: CartView },
  async ({ params: { user_id }, body: { items } }, { carts, readPrice }: CatalogApiDeps) => {
    // The price is read first: it rejects unknown products before the cart is written.
    const price = await readPrice({ user_id, items });
    const cart = await carts.put(user_id, items);
    return cart ? toCartView(cart, price) : emptyCart(user_id);
  },
);

export const deleteCart = route(
  { params, returns: CartView },
  async ({ params: { user_id } }, { carts }: CatalogApiDeps) => {
    await carts.clear(user_id);
    return emptyCart(user_id);
  },
);
