import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Sku } from '../items.ts';
import { Amount } from '../money.ts';

/** The most of one product that can be for sale. */
export const Capacity = z.int().check(z.gte(0), z.lte(1_000_000_000));

/** A product is new, or has another name, price or capacity. Of two, the one with the higher version is true. */
export const ProductChanged = defineEvent(
  'catalog',
  'ProductChanged',
  1,
  z.object({ sku: Sku, name: z.string(), price: Amount, capacity: Capacity, version: z.int().check(z.gte(1)) }),
  (product) => `${product.sku}:${product.version}`,
);
export type ProductChanged = z.infer<typeof ProductChanged.schema>;
