import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { hashOf } from '../shared/runtime/ids.ts';
import { logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, versionIs, type Write } from '../shared/store/store.ts';
import type { RuleSet } from './price-rules.ts';
import { parseRules, RULES_HISTORY, type RulesVersion, rulesKey, rulesVersionKey } from './rules-row.ts';

export function rulesStore(work: UnitOfWork) {
  const { store } = work;
  return {
    put: (set: RuleSet, replaces?: number) => putRules(work, set, replaces),
    current: async (): Promise<RulesVersion> => parseRules(await store.get(rulesKey)),
    version: async (version: number): Promise<RulesVersion> => {
      const row = await store.get(rulesVersionKey(version));
      if (!row) throw new Rejected('rules_version_not_found', `There is no version ${version} of the rules.`, 404);
      return parseRules(row);
    },
    /** Lists all versions, newest first. */
    history: async (page: { below: string | undefined; limit: number }): Promise<RulesVersion[]> =>
      (await store.query({ partition: RULES_HISTORY, newestFirst: true, ...page })).map(parseRules),
  };
}
export type RulesStore = ReturnType<typeof rulesStore>;

/**
 * Makes a set of rules the valid one, as a new version beside all earlier ones. A set that equals the valid one is not
 * written, so a repetition changes nothing. `replaces` is the version that the caller has seen: if it is not the valid
 * one, the set is rejected, so that no one overwrites the change of another unknowingly.
 */
async function putRules(work: UnitOfWork, set: RuleSet, replaces: number | undefined): Promise<RulesVersion> {
  const { rules, changed } = await commit(work, async (read) => {
    const row = await read.get(rulesKey);
    const before = parseRules(row);
    if (row && hashOf(before.set) === hashOf(set)) return { writes: [], result: { rules: before, changed: false } };
    if (replaces !== undefined && replaces !== before.version)
      throw new Rejected(
        'rules_changed',
        `Version ${before.version} of the rules is valid, and not ${replaces}. Read it, and send your change of it.`,
      );
    const next = { version: before.version + 1, created_at: toIso(work.clock.now()), set };
    const write: Write = row
      ? { op: 'update', key: rulesKey, set: next, when: versionIs(before.version) }
      : { op: 'put', row: { ...rulesKey, ...next }, when: absent };
    const version: Write = { op: 'put', row: { ...rulesVersionKey(next.version), ...next }, when: absent };
    return { writes: [write, version], result: { rules: next, changed: true } };
  });
  if (changed) logger.info('price rules changed', { version: rules.version, rules: rules.set.rules.length });
  return rules;
}
