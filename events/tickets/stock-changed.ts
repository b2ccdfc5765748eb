import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Sku } from '../items.ts';

/** So many of a product are claimed now. Of two, the one with the higher version is true. */
export const StockChanged = defineEvent(
  'tickets',
  'StockChanged',
  1,
  z.object({ sku: Sku, claimed: z.int().check(z.gte(0)), version: z.int().check(z.gte(1)) }),
  (stock) => `${stock.sku}:${stock.version}`,
);
export type StockChanged = z.infer<typeof StockChanged.schema>;
