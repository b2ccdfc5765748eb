import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';

/** Another version of the price rules is valid. Its rules are in the table of the catalog, which alone reads them. */
export const PriceRulesChanged = defineEvent({
  source: 'catalog',
  type: 'PriceRulesChanged',
  version: 1,
  schema: z.object({ version: z.int().check(z.gte(1)) }),
  identityOf: (rules) => String(rules.version),
});
