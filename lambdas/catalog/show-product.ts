import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ProductView, toProductView } from './view.ts';

export const showProduct = route(
  { params: z.strictObject({ sku: Sku }), returns: ProductView, headers: [cacheHeader] },
  async ({ params: { sku } }, { cached }: CatalogApiDeps) => {
    const { product, status } = await cached.get(sku);
    return new HttpResponse(toProductView(product), toCacheHeaders(status));
  },
);
