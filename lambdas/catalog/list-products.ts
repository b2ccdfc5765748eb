import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { aboveOf, limitOf, nextLink, pageQuery } from '../shared/paging.ts';
import { Answer, route } from '../shared/route.ts';
import type { CatalogDeps } from './deps.ts';
import { ProductView, viewOf } from './view.ts';

export const listProducts = route(
  { query: z.strictObject(pageQuery), returns: z.array(ProductView) },
  async ({ query }, { products }: CatalogDeps) => {
    const limit = limitOf(query);
    const found = await products.list({ limit, ...aboveOf(query, Sku) });
    const last = found.length === limit && found.at(-1);
    return new Answer(found.map(viewOf), last ? nextLink('/catalog/products', {}, query, last.sku) : {});
  },
);
