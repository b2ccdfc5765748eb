import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { priceFields } from './price-view.ts';
import { type PriceBasis, priceAt } from './pricing.ts';
import { rejectionOf } from './quote.ts';
import { RuleSetSchema } from './rule-set.ts';

/** A price by rules without a version, and the code with which an order at this price would be rejected. */
const TriedPriceView = z.object({
  total: priceFields.total,
  lines: priceFields.lines,
  rejected: z.optional(z.string()),
});
const LivePriceView = z.extend(TriedPriceView, { rules_version: priceFields.rules_version });

export const TrialView = z.object({ live: LivePriceView, tried: TriedPriceView });

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
    returns: TrialView,
  },
  async ({ body: { rules: set, items, user_id, at }, now }, { readPriceBasis }: CatalogApiDeps) => {
    const basis = await readPriceBasis({ items, user_id });
    const time = at === undefined ? now : Date.parse(at);
    const priceBy = (rules: PriceBasis['rules']) => {
      const price = priceAt({ ...basis, rules }, time);
      return { ...price, rejected: rejectionOf(price)?.code };
    };
    return { live: priceBy(basis.rules), tried: priceBy({ version: basis.rules.version, set }) };
  },
);
