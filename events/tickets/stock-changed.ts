import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { Sku } from '../items.ts';

/** The claimed quantity of a product was changed. The event with the highest version is valid. */
export const StockChanged = defineEvent({
  source: 'tickets',
  type: 'StockChanged',
  version: 1,
  schema: z.object({ sku: Sku, claimed: z.int().check(z.gte(0)), version: z.int().check(z.gte(1)) }),
  identityOf: (stock) => `${stock.sku}:${stock.version}`,
});
