import * as z from 'zod/mini';
import { RulesVersionNumber } from './price-view.ts';
import { ruleSetFields } from './rule-set.ts';
import type { RulesVersion, UnreadableRules } from './rules-row.ts';

const versionFields = {
  version: RulesVersionNumber,
  /** Version 0, the empty set before the first, has no time. */
  created_at: z.optional(z.iso.datetime()),
};

/** A version of the rules. */
export const RulesView = z.object({ ...versionFields, ...ruleSetFields });

/** A version that a later release has written, with what this release does not know. */
export const UnreadableRulesView = z.object({
  ...versionFields,
  errors: z
    .array(z.object({ path: z.string(), message: z.string() }))
    .check(z.describe('Why this release cannot read these rules. It prices nothing while they are valid.')),
});

/** A version as it is shown, whether or not this release knows its rules. */
export const ShownRulesView = z.union([RulesView, UnreadableRulesView]);

export const toRulesView = ({ version, created_at, set }: RulesVersion): z.infer<typeof RulesView> => ({
  version,
  created_at,
  ...set,
});

export const toShownRulesView = (rules: RulesVersion | UnreadableRules): z.infer<typeof ShownRulesView> =>
  'set' in rules ? toRulesView(rules) : rules;
