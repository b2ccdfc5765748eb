import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ProductView, toProductView } from './view.ts';

export const listProducts = route(
  { query: z.strictObject(pageQuery), returns: z.array(ProductView) },
  async ({ query }, { products }: CatalogApiDeps) => {
    const limit = limitOf(query);
    const found = await products.list({ limit, above: parseCursor(query, Sku) });
    const last = found.length === limit && found.at(-1);
    return new HttpResponse(found.map(toProductView), last ? nextLink('/catalog/products', {}, query, last.sku) : {});
  },
);
