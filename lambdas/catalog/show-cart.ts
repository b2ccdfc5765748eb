import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import { CartParams, CartView, emptyCart, toCartView } from './cart-view.ts';
import type { CatalogApiDeps } from './deps.ts';

export const showCart = route(
  { params: CartParams, returns: CartView, headers: [cacheHeader] },
  async ({ params: { user_id } }, { carts, shownPrices }: CatalogApiDeps) => {
    const cart = await carts.get(user_id);
    // A cart itself is never cached, and an empty one has no prices that could be.
    if (!cart) return new HttpResponse(emptyCart(user_id), toCacheHeaders('miss'));
    const { price, status } = await shownPrices.read(cart);
    return new HttpResponse(toCartView(cart, price), toCacheHeaders(status));
  },
);
