import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Sku } from '../items.ts';

/** The claimed quantity of a product was changed. The event with the highest version is valid. */
export const StockChanged = defineEvent(
  'tickets',
  'StockChanged',
  1,
  z.object({ sku: Sku, claimed: z.int().check(z.gte(0)), version: z.int().check(z.gte(1)) }),
  (stock) => `${stock.sku}:${stock.version}`,
);
