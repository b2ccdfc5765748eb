import { route } from '../shared/http/route.ts';
import { CartParams, CartView, emptyCart } from './cart-view.ts';
import type { CatalogApiDeps } from './deps.ts';

export const deleteCart = route(
  { params: CartParams, returns: CartView },
  async ({ params: { user_id } }, { carts }: CatalogApiDeps) => {
    await carts.clear(user_id);
    return emptyCart(user_id);
  },
);
