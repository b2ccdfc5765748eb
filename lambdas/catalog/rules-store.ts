import { PriceRulesChanged } from '../../events/catalog/price-rules-changed.ts';
import type { EventOf } from '../../events/envelope.ts';
import { publishChange } from '../shared/cache/invalidate.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { hashOf } from '../shared/runtime/ids.ts';
import { logger } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, versionIs, type Write } from '../shared/store/store.ts';
import type { RuleSet } from './price-rules.ts';
import { rulesCache, VALID_RULES } from './rules-cache.ts';
import {
  RULES_HISTORY,
  type RulesVersion,
  readRules,
  rulesKey,
  rulesVersionKey,
  type UnreadableRules,
} from './rules-row.ts';
import { watchVersion } from './version-watch.ts';

export type PriceRulesChangedEvent = EventOf<typeof PriceRulesChanged>;

/** Another set of rules. `replaces` is the version that the caller has seen. */
interface RulesChange {
  readonly set: RuleSet;
  readonly replaces?: number | undefined;
  readonly correlationId: string;
}

export function rulesStore(work: UnitOfWork) {
  const { store } = work;
  return {
    put: (change: RulesChange) => putRules(work, change),
    current: async (): Promise<RulesVersion | UnreadableRules> => readRules(await store.get(rulesKey)),
    version: async (version: number): Promise<RulesVersion | UnreadableRules> => {
      const row = await store.get(rulesVersionKey(version));
      if (!row) throw new Rejected('rules_version_not_found', `There is no version ${version} of the rules.`, 404);
      return readRules(row);
    },
    /** Lists all versions, newest first. */
    history: async (page: { below: string | undefined; limit: number }): Promise<(RulesVersion | UnreadableRules)[]> =>
      (await store.query({ partition: RULES_HISTORY, newestFirst: true, ...page })).map(readRules),
  };
}
export type RulesStore = ReturnType<typeof rulesStore>;

/**
 * Makes a set of rules the valid one, as a new version beside all earlier ones. A set that equals the valid one keeps
 * its version. Only its row gets another one, so that an earlier request whose write is still under way does not
 * replace the set after this one. If `replaces` is not the valid version, the set is rejected, so that no one
 * overwrites the change of another unknowingly. Of the valid set only its version and its hash are used, so that rules
 * which this release does not know can be replaced.
 */
async function putRules(work: UnitOfWork, { set, replaces, correlationId }: RulesChange): Promise<RulesVersion> {
  const hasMoved = watchVersion();
  const { rules, changed } = await commit(work, async (read) => {
    const row = await read.get(rulesKey);
    const rowVersion = Number(row?.['version'] ?? 0);
    const update = (fields: object): Write => ({
      op: 'update',
      key: rulesKey,
      set: { ...fields, version: rowVersion + 1 },
      when: versionIs(rowVersion),
    });
    const { version, created_at } = readRules(row);
    const isWritten = hasMoved(rowVersion);
    if (row && hashOf(row['set']) === hashOf(set)) {
      const result = { rules: { version, created_at, set }, changed: false };
      return { writes: isWritten ? [] : [update({ rules_version: version })], result };
    }
    if (replaces !== undefined && replaces !== version)
      throw new Rejected(
        'rules_changed',
        `Version ${version} of the rules is valid, and not ${replaces}. Read it, and send your change of it.`,
      );
    const next = { version: rowVersion + 1, created_at: toIso(work.clock.now()), set };
    const write: Write = row
      ? update({ ...next, rules_version: next.version })
      : { op: 'put', row: { ...rulesKey, ...next }, when: absent };
    const record: Write = { op: 'put', row: { ...rulesVersionKey(next.version), ...next }, when: absent };
    const cause = { time: next.created_at, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [write, record],
      publish: [{ aggregate: rulesKey.pk, events: [PriceRulesChanged.make({ version: next.version }, cause)] }],
      result: { rules: next, changed: true },
    };
  });
  if (changed) logger.info('price rules changed', { version: rules.version, rules: rules.set.rules.length });
  return rules;
}

/** Invalidates the rules in the memory of all execution environments. The event may be received any number of times. */
export const invalidateRules = (work: UnitOfWork, { data: { version } }: PriceRulesChangedEvent): Promise<void> =>
  publishChange(work, rulesCache, { key: VALID_RULES, version, readAtMs: work.clock.now() }, work.deadlineMs);
