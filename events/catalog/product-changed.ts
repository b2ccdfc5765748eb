import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Sku } from '../items.ts';
import { Amount } from '../money.ts';

/** The quantity of a product that can be sold in total. */
export const Capacity = z.int().check(z.gte(0), z.lte(1_000_000_000));

/** A product was created, or its name, price or capacity was changed. The event with the highest version is valid. */
export const ProductChanged = defineEvent({
  source: 'catalog',
  type: 'ProductChanged',
  version: 1,
  schema: z.object({ sku: Sku, name: z.string(), price: Amount, capacity: Capacity, version: z.int().check(z.gte(1)) }),
  identityOf: (product) => `${product.sku}:${product.version}`,
});
