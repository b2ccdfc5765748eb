import * as z from 'zod/mini';
import { RequestedItems } from '../../events/items.ts';
import { route } from '../shared/http/route.ts';
import { CartParams, CartView, emptyCart, toCartView } from './cart-view.ts';
import type { CatalogApiDeps } from './deps.ts';

export const putCart = route(
  { params: CartParams, body: z.strictObject({ items: RequestedItems }), returns: CartView },
  async ({ params: { user_id }, body: { items } }, { carts, readPrice }: CatalogApiDeps) => {
    // The price is read first: it rejects unknown products before the cart is written.
    const price = await readPrice({ user_id, items });
    const cart = await carts.put(user_id, items);
    return cart ? toCartView(cart, price) : emptyCart(user_id);
  },
);
