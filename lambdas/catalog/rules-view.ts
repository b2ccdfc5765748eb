import * as z from 'zod/mini';
import { RulesVersionNumber } from './price-view.ts';
import { ruleSetFields } from './rule-set.ts';
import type { RulesVersion } from './rules-row.ts';

/** A version of the rules. Version 0, the empty set before the first, has no time. */
export const RulesView = z.object({
  version: RulesVersionNumber,
  created_at: z.optional(z.iso.datetime()),
  ...ruleSetFields,
});

export const toRulesView = ({ version, created_at, set }: RulesVersion): z.infer<typeof RulesView> => ({
  version,
  created_at,
  ...set,
});
