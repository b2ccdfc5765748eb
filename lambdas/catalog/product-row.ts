import * as z from 'zod/mini';
import { Sku } from '../../events/items.ts';
import type { Item, Key } from '../shared/store.ts';
import type { Product } from './product.ts';

const ProductRow = z.object({
  sku: Sku,
  name: z.string(),
  price: z.number(),
  capacity: z.number(),
  version: z.number(),
  stated_version: z.optional(z.number()),
  claimed: z.number(),
  claimed_version: z.number(),
});

export const SHELF = 'products';

export const productKey = (sku: string): Key => ({ pk: `PRODUCT#${sku}`, sk: 'STATE' });

/** A product as its row has it. One from before `stated_version` was kept is told under its newest, which is true too. */
export function keptProduct(row: Item): Product {
  const { stated_version, ...kept } = ProductRow.parse(row);
  return { ...kept, stated_version: stated_version ?? kept.version };
}
