import * as z from 'zod/mini';
import { route } from '../shared/http/route.ts';
import type { CatalogApiDeps } from './deps.ts';
import { RulesVersionNumber } from './price-view.ts';
import { ruleSetFields } from './rule-set.ts';
import { RulesView, toRulesView } from './rules-view.ts';

export const putRules = route(
  {
    body: z.strictObject({
      ...ruleSetFields,
      replaces: z.optional(
        RulesVersionNumber.check(z.describe('The version that the caller has seen. Another valid version is a 409.')),
      ),
    }),
    returns: RulesView,
  },
  async ({ body: { replaces, ...set }, correlationId }, { rules, shownPrices }: CatalogApiDeps) => {
    const valid = await rules.put({ set, replaces, correlationId });
    shownPrices.remember(valid);
    return toRulesView(valid);
  },
);
