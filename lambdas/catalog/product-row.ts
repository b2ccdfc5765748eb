import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import type { Key, Row } from '../shared/store/store.ts';
import type { Product } from './product.ts';

const ProductRow = z.object({
  sku: Sku,
  name: z.string(),
  price: z.number(),
  capacity: z.number(),
  version: z.number(),
  published_version: z.optional(z.number()),
  claimed: z.number(),
  claimed_version: z.number(),
});

export const PRODUCT_LIST = 'products';

export const productKey = (sku: string): Key => ({ pk: `PRODUCT#${sku}`, sk: 'STATE' });

/** A product as its row has it. One from before `published_version` was kept is told under its newest, which is true too. */
export function parseProduct(row: Row): Product {
  const { published_version, ...kept } = ProductRow.parse(row);
  return { ...kept, published_version: published_version ?? kept.version };
}
