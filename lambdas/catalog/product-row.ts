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

/** The partition of the index `by_sku` that holds all products. */
export const PRODUCT_LIST = 'products';

export const productKey = (sku: string): Key => ({ pk: `PRODUCT#${sku}`, sk: 'STATE' });

/** Parses a product's row. Rows from before `published_version` existed use `version`, which is valid as well. */
export function parseProduct(row: Row): Product {
  const { published_version, ...fields } = ProductRow.parse(row);
  return { ...fields, published_version: published_version ?? fields.version };
}

/** Returns when `published_version` was written. Rows from before this attribute existed have none. */
export const changedAtOf = (row: Row): string | undefined => z.optional(z.string()).parse(row['changed_at']);
