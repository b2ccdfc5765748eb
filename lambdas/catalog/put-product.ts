import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { Name, ProductView, Stock, toProductView } from './view.ts';

export const putProduct = route(
  {
    params: z.strictObject({ sku: Sku }),
    body: z.strictObject({ name: Name, price: Amount, stock: Stock }),
    returns: ProductView,
  },
  async ({ params: { sku }, body: { name, price, stock }, correlationId }, { products, cached }: CatalogApiDeps) => {
    const product = await products.put({ sku, name, price, capacity: stock }, correlationId);
    cached.remember(product);
    return toProductView(product);
  },
);
