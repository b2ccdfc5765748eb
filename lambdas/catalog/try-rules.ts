import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { priceFields } from './price-view.ts';
import { type Price, type PriceBasis, priceAt } from './pricing.ts';
import { rejectionOf } from './quote.ts';
import { RuleSetSchema } from './rule-set.ts';

/** A price, and the code with which an order at this price would be rejected. */
const PriceView = z.object({ ...priceFields, rejected: z.optional(z.string()) });

/**
 * Returns what items cost by the valid rules and by a set that is not valid yet. Both prices are calculated from the
 * same products, tags and time. Nothing is written.
 */
export const tryRules = route(
  {
    body: z.strictObject({
      rules: RuleSetSchema,
      items: RequestedItems,
      user_id: z.optional(UserId),
      at: z.optional(z.iso.datetime()).check(z.describe('The time of the prices. Now, if absent.')),
    }),
    returns: z.object({ live: PriceView, tried: PriceView }),
  },
  async ({ body: { rules: set, items, user_id, at }, now }, { readPriceBasis }: CatalogApiDeps) => {
    const basis = await readPriceBasis({ items, user_id });
    const time = at === undefined ? now : Date.parse(at);
    const viewOf = (rules: PriceBasis['rules']) => toPriceView(priceAt({ ...basis, rules }, time));
    return { live: viewOf(basis.rules), tried: viewOf({ version: basis.rules.version, set }) };
  },
);

const toPriceView = ({ decidedMs: _, ...price }: Price): z.infer<typeof PriceView> => ({
  ...price,
  rejected: rejectionOf(price)?.code,
});
