import type { CacheDefinition } from '../shared/cache/definition.ts';
import { parseRulesVersion, type RulesVersion } from './rules-row.ts';

/** The key of the rules that are valid now, the only one of their cache. */
export const VALID_RULES = 'valid';

/**
 * The cache of the valid price rules, for prices that are shown. Each environment keeps them in its own memory, since
 * one read of their row replaces them; only the invalidation is shared.
 */
export const rulesCache: CacheDefinition<RulesVersion> = {
  name: 'price-rules',
  groups: 0,
  ttlMs: 300_000,
  absentTtlMs: 0,
  maxCharacters: 200_000,
  parse: parseRulesVersion,
};
