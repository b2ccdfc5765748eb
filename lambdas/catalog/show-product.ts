import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { ProductView, toProductView } from './view.ts';

export const showProduct = route(
  { params: z.strictObject({ sku: Sku }), returns: ProductView },
  async ({ params: { sku } }, { products }: CatalogApiDeps) => toProductView(await products.get(sku)),
);
