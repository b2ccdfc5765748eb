import * as z from 'zod/mini';
import type { FieldError } from '../shared/http/problem.ts';
import { validate } from '../shared/http/request.ts';
import type { Key, Row } from '../shared/store/store.ts';
import type { RuleSet } from './price-rules.ts';
import { RuleSetSchema } from './rule-set.ts';

/** A version of the price rules. Version 0 is the empty set that is valid before the first. */
export interface RulesVersion {
  readonly version: number;
  readonly created_at?: string | undefined;
  readonly set: RuleSet;
}

/** A version that a later release has written with rules that this one does not know, and what it does not know. */
export interface UnreadableRules {
  readonly version: number;
  readonly created_at?: string | undefined;
  readonly errors: FieldError[];
}

export const noRules: RulesVersion = { version: 0, set: { mode: 'first_match', rules: [] } };

/**
 * The rules that are valid now. The `version` of this row counts its writes. `rules_version` is the version of the set,
 * which is that of the row when the set was written, and absent if the row was not written since.
 */
export const rulesKey: Key = { pk: 'RULES', sk: 'STATE' };

/** The partition of all versions. It is not that of the valid rules, whose row is read with every price. */
export const RULES_HISTORY = 'RULES#HISTORY';

/** The version with ten digits, so that the order of the keys is that of the versions. */
export const versionSortKey = (version: number): string => String(version).padStart(10, '0');

export const rulesVersionKey = (version: number): Key => ({ pk: RULES_HISTORY, sk: versionSortKey(version) });

const StoredRules = z.object({ version: z.number(), created_at: z.string(), set: z.unknown() });
const RulesRow = z.extend(StoredRules, { set: RuleSetSchema });

export const parseRulesVersion = (fields: unknown): RulesVersion => RulesRow.parse(fields);

const withVersionOfSet = (row: Row): Row => ({ ...row, version: row['rules_version'] ?? row['version'] });

/** Returns rules for a calculation of prices. Throws if this release does not know all of them. */
export const parseRules = (row: Row | undefined): RulesVersion =>
  row ? parseRulesVersion(withVersionOfSet(row)) : noRules;

/** Returns rules to be shown or replaced. Both must be possible if this release does not know them. */
export function readRules(row: Row | undefined): RulesVersion | UnreadableRules {
  if (!row) return noRules;
  const { set, ...version } = StoredRules.parse(withVersionOfSet(row));
  const errors: FieldError[] = [];
  const known = validate(RuleSetSchema, set, errors);
  return known ? { ...version, set: known } : { ...version, errors };
}
