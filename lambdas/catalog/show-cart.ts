import { route } from '../shared/http/route.ts';
import { CartParams, CartView, emptyCart, toCartView } from './cart-view.ts';
import type { CatalogApiDeps } from './deps.ts';

export const showCart = route(
  { params: CartParams, returns: CartView },
  async ({ params: { user_id } }, { carts, readPrice }: CatalogApiDeps) => {
    const cart = await carts.get(user_id);
    return cart ? toCartView(cart, await readPrice(cart)) : emptyCart(user_id);
  },
);
