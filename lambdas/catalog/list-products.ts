import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { cacheHeader, toCacheHeaders } from '../shared/cache/x-cache.ts';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ProductView, toProductView } from './view.ts';

export const listProducts = route(
  { query: z.strictObject(pageQuery), returns: z.array(ProductView), headers: [cacheHeader] },
  async ({ query }, { cached }: CatalogApiDeps) => {
    const limit = limitOf(query);
    const { skus, products, status } = await cached.list({ limit, above: parseCursor(query, Sku) });
    const last = skus.length === limit && skus.at(-1);
    const link = last ? nextLink('/catalog/products', {}, query, last) : {};
    return new HttpResponse(products.map(toProductView), { ...link, ...toCacheHeaders(status) });
  },
);
