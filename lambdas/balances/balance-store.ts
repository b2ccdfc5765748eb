import type { EventOf } from '../../events/envelope.ts';
import type { AccountOpened } from '../../events/payments/account-opened.ts';
import { type BalancesUpdated, CHUNK_SIZE } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { batchesOf } from '../shared/runtime/batches.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { PoisonMessage, Rejected } from '../shared/runtime/errors.ts';
import { count } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Reader, readRows, versionIs, type Write } from '../shared/store/store.ts';
import {
  applyCorrection,
  applyUpdate,
  applyUpdates,
  type Balance,
  mergeSummaries,
  type Summary,
  type Update,
} from './balance.ts';
import {
  balanceKey,
  parseBalance,
  parseSummary,
  type StoredSummary,
  summaryKey,
  summaryPartitions,
  syncPositionKey,
  toBalanceRow,
  toSummaryRow,
} from './balance-row.ts';

export type BalanceEvent = EventOf<typeof AccountOpened | typeof BalancesUpdated>;

/** Creates the store of the read model. Only this file and `balance-row.ts` know the keys of its table. */
export function balanceStore(work: UnitOfWork) {
  const { store } = work;
  return {
    /** Applies updates with a newer version. Stale and duplicate updates are only counted. */
    applyEvents: (events: readonly BalanceEvent[]) => applyEvents(work, events),
    get: async (userId: string): Promise<Balance> => {
      const row = await store.get(balanceKey(userId));
      if (!row) throw new Rejected('balance_not_found', `There is no balance of ${userId}.`, 404);
      return parseBalance(row).balance;
    },
    /** Returns a map of the balances of these users by user id. A user without a balance row is not in the map. */
    getMany: async (userIds: readonly string[]): Promise<Map<string, Balance>> => {
      const rows = await readRows(store, userIds.map(balanceKey));
      return byUser(rows.map((row) => parseBalance(row).balance));
    },
    getSummary: async (bucket: string): Promise<StoredSummary> => parseSummary(await store.get(summaryKey(bucket))),
    /** Returns the summary of all accounts, merged from the summaries of all buckets. */
    summarizeAll: async (): Promise<Summary> => {
      const rows = (await Promise.all(summaryPartitions.map((partition) => store.query({ partition })))).flat();
      return mergeSummaries(rows.map((row) => parseSummary(row).summary));
    },
    /** Sets balances to the values of the ledger, but never to a lower version. Returns the changed balances. */
    correct: async (bucket: string, accounts: readonly Balance[]): Promise<readonly Balance[]> =>
      accounts.length === 0 ? [] : (await changeBucket(work, bucket, accounts, applyCorrection)).changed,
    /** Replaces a summary, unless its bucket has changed since this version. Returns whether it was replaced. */
    replaceSummary: (bucket: string, version: number, counted: Summary) =>
      replaceSummary(work, bucket, version, counted),
    /** Returns the index of the bucket at which the next run of the sync starts. */
    getSyncPosition: async (): Promise<number> => Number((await store.get(syncPositionKey))?.['next'] ?? 0),
    setSyncPosition: (next: number): Promise<void> =>
      commit(work, async () => ({ writes: [{ op: 'put', row: { ...syncPositionKey, next } }], result: undefined })),
  };
}
export type BalanceStore = ReturnType<typeof balanceStore>;

/** Returns the bucket of an event's accounts. All accounts of one event are in the same bucket. */
export const bucketOfEvent = ({ type, data }: BalanceEvent): string =>
  type === 'AccountOpened' ? bucketOf(data.user_id, data.chunk) : bucketOf(data.balances[0]?.user_id ?? '', data.chunk);

const TICK_PREFIX = 'tick:';

/** Returns an update for each account of the event. An opened account has the balance 0 at version 0. */
function toUpdates({ type, time, data }: BalanceEvent): (Update & { readonly bucket: string })[] {
  const updated_at = toIso(Date.parse(time));
  if (type === 'AccountOpened') {
    const { user_id, chunk } = data;
    return [{ user_id, balance: 0, version: 0, updated_at, bucket: bucketOf(user_id, chunk) }];
  }
  const byTick = data.entry_id.startsWith(TICK_PREFIX);
  return data.balances.map((balance) => ({
    ...balance,
    updated_at,
    byTick,
    bucket: bucketOf(balance.user_id, data.chunk),
  }));
}

async function applyEvents(work: UnitOfWork, events: readonly BalanceEvent[]): Promise<void> {
  for (const [bucket, updates] of Map.groupBy(events.flatMap(toUpdates), (update) => update.bucket))
    for (const batch of splitByAccounts(updates)) {
      const { stale, duplicates } = await changeBucket(work, bucket, batch, applyUpdate);
      count('StaleUpdates', stale);
      count('Duplicates', duplicates);
    }
}

/**
 * Splits updates into batches of one transaction each. Beside the summary, a transaction has room for the accounts of
 * a chunk. All updates of one account stay in one batch.
 */
const splitByAccounts = (updates: readonly Update[]): Update[][] =>
  batchesOf([...Map.groupBy(updates, ({ user_id }) => user_id).values()], CHUNK_SIZE).map((accounts) =>
    accounts.flat(),
  );

/** Writes accounts and their bucket's summary in one transaction, so that the summary always matches the accounts. */
const changeBucket = (work: UnitOfWork, bucket: string, updates: readonly Update[], decide: typeof applyUpdate) =>
  commit(work, async (read) => {
    const { stored, balances } = await readBucketRows(read, bucket, updates);
    const change = applyUpdates(balances, stored.summary, updates, decide);
    const puts = change.changed.map((balance): Write => {
      const before = balances.get(balance.user_id);
      return { op: 'put', row: toBalanceRow(balance, bucket), when: before ? versionIs(before.version) : absent };
    });
    const isSame = change.summary === stored.summary;
    return { writes: isSame ? [] : [...puts, putSummary(bucket, change.summary, stored.version)], result: change };
  });

/**
 * Reads a summary and the balances to update. They may be of different moments: the summary and each changed balance
 * are written under the versions that were read, and a balance that does not change adds nothing to the summary.
 */
async function readBucketRows(read: Reader, bucket: string, updates: readonly Update[]) {
  const userIds = [...new Set(updates.map(({ user_id }) => user_id))];
  const [summaryRow, ...rows] = await read.getMany([summaryKey(bucket), ...userIds.map(balanceKey)]);
  const parsed = rows.filter((row) => row !== undefined).map(parseBalance);
  // An account that changes its bucket would be counted in two summaries.
  const misplaced = parsed.find((row) => row.bucket !== bucket);
  if (misplaced) {
    const { balance, bucket: storedBucket } = misplaced;
    throw new PoisonMessage(
      `The account of ${balance.user_id} is counted in ${storedBucket} and cannot move to ${bucket}.`,
    );
  }
  return { stored: parseSummary(summaryRow), balances: byUser(parsed.map(({ balance }) => balance)) };
}

const byUser = (balances: readonly Balance[]): Map<string, Balance> =>
  new Map(balances.map((balance) => [balance.user_id, balance]));

const putSummary = (bucket: string, summary: Summary, versionBefore: number): Write => ({
  op: 'put',
  row: toSummaryRow(bucket, summary, versionBefore + 1),
  when: versionBefore === 0 ? absent : versionIs(versionBefore),
});

const replaceSummary = (work: UnitOfWork, bucket: string, version: number, counted: Summary): Promise<boolean> =>
  commit(work, async (read) => {
    const stored = parseSummary(await read.get(summaryKey(bucket)));
    if (stored.version !== version) return { writes: [], result: false };
    const summary = { ...counted, last_tick_at: stored.summary.last_tick_at };
    return { writes: [putSummary(bucket, summary, version)], result: true };
  });
