import type { EventOf } from '../../events/envelope.ts';
import type { AccountOpened } from '../../events/payments/account-opened.ts';
import { type BalancesUpdated, CHUNK_SIZE } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { PoisonMessage, Rejected } from '../shared/runtime/errors.ts';
import { count } from '../shared/runtime/observability.ts';
import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Condition, type Reader, versionIs, type Write } from '../shared/store/store.ts';
import {
  applyCorrection,
  applyUpdate,
  applyUpdates,
  type Balance,
  type BucketChange,
  merge,
  type Summary,
  type Update,
} from './balance.ts';
import {
  balanceKey,
  parseBalance,
  parseSummary,
  type StoredSummary,
  shards,
  summaryKey,
  syncPositionKey,
  toBalanceRow,
  toSummaryRow,
} from './balance-row.ts';

export type BalanceEvent = EventOf<typeof AccountOpened | typeof BalancesUpdated>;

/** The read model of balances. With its rows, the only place that knows their keys. */
export function balanceStore(unit: UnitOfWork) {
  const { store } = unit;
  return {
    /** Takes in what is newer than what is known; what is not is counted. */
    take: (events: readonly BalanceEvent[]) => applyEvents(unit, events),
    view: async (userId: string): Promise<Balance> => {
      const row = await store.get(balanceKey(userId));
      if (!row) throw new Rejected('balance_not_found', `nothing is known of ${userId}`, 404);
      return parseBalance(row).view;
    },
    /** All accounts together, from the summaries of their buckets. */
    overall: async (): Promise<Summary> => {
      const rows = (await Promise.all(shards.map((partition) => store.query({ partition })))).flat();
      return merge(rows.map((row) => parseSummary(row).summary));
    },
    /** Of so many accounts as one page of the ledger has. */
    views: async (userIds: readonly string[]): Promise<Map<string, Balance>> => {
      const rows = userIds.length === 0 ? [] : await store.getMany(userIds.map(balanceKey));
      return byUser(rows.filter((row) => row !== undefined).map((row) => parseBalance(row).view));
    },
    summary: async (bucket: string): Promise<StoredSummary> => parseSummary(await store.get(summaryKey(bucket))),
    /** Puts views right by the ledger's accounts, never to a lower version; answers those that this has changed. */
    putRight: async (bucket: string, accounts: readonly Balance[]): Promise<readonly Balance[]> =>
      accounts.length === 0 ? [] : (await changeBucket(unit, bucket, accounts, applyCorrection)).changed,
    /** Puts a summary right, if no account of the bucket has changed since it was at this version. */
    recount: (bucket: string, version: number, counted: Summary) => recount(unit, bucket, version, counted),
    /** Where the sync goes on. */
    place: async (): Promise<number> => Number((await store.get(syncPositionKey))?.['next'] ?? 0),
    movePlace: (next: number): Promise<void> =>
      commit(unit, async () => ({ writes: [{ op: 'put', row: { ...syncPositionKey, next } }], result: undefined })),
  };
}
export type BalanceStore = ReturnType<typeof balanceStore>;

/** Where an event's accounts stand: it is about one bucket only. */
export const bucketOfEvent = ({ type, data }: BalanceEvent): string =>
  type === 'AccountOpened' ? bucketOf(data.user_id, data.chunk) : bucketOf(data.balances[0]?.user_id ?? '', data.chunk);

const TICK = 'tick:';

/** What an event says of each account. An account that was opened has nothing, at version 0. */
function updatesOf({ type, time, data }: BalanceEvent): (Update & { readonly bucket: string })[] {
  const updated_at = toIso(Date.parse(time));
  if (type === 'AccountOpened') {
    const { user_id, chunk } = data;
    return [{ user_id, balance: 0, version: 0, updated_at, bucket: bucketOf(user_id, chunk) }];
  }
  const byTick = data.entry_id.startsWith(TICK);
  return data.balances.map((one) => ({ ...one, updated_at, byTick, bucket: bucketOf(one.user_id, data.chunk) }));
}

async function applyEvents(unit: UnitOfWork, events: readonly BalanceEvent[]): Promise<void> {
  for (const [bucket, updates] of Map.groupBy(events.flatMap(updatesOf), (update) => update.bucket))
    for (const some of splitByAccounts(updates)) {
      const { stale, duplicates } = await changeBucket(unit, bucket, some, applyUpdate);
      count('StaleUpdates', stale);
      count('Duplicates', duplicates);
    }
}

/** All updates of one account stay together, and with the summary a transaction has room for a chunk of accounts. */
function splitByAccounts(updates: readonly Update[]): Update[][] {
  const accounts = [...Map.groupBy(updates, ({ user_id }) => user_id).values()];
  const parts: Update[][] = [];
  for (let at = 0; at < accounts.length; at += CHUNK_SIZE) parts.push(accounts.slice(at, at + CHUNK_SIZE).flat());
  return parts;
}

/** Accounts and the summary of their bucket, in one transaction: what is counted is what is there. */
const changeBucket = (
  unit: UnitOfWork,
  bucket: string,
  updates: readonly Update[],
  decide: typeof applyUpdate,
): Promise<BucketChange> =>
  commit(unit, async (read) => {
    const { kept, views } = await readRows(read, bucket, updates);
    const folded = applyUpdates(views, kept.summary, updates, decide);
    const rows = folded.changed.map((view): Write => {
      const before = views.get(view.user_id);
      return { op: 'put', row: toBalanceRow(view, bucket), when: before ? versionIs(before.version) : absent };
    });
    const isSame = folded.summary === kept.summary;
    return { writes: isSame ? [] : [...rows, putSummary(bucket, folded.summary, kept.version)], result: folded };
  });

async function readRows(read: Reader, bucket: string, updates: readonly Update[]) {
  const userIds = [...new Set(updates.map(({ user_id }) => user_id))];
  const [summary, ...rows] = await read.getMany([summaryKey(bucket), ...userIds.map(balanceKey)]);
  const kept = rows.filter((row) => row !== undefined).map(parseBalance);
  // counted in two summaries it would be there twice
  const stray = kept.find((one) => one.bucket !== bucket);
  if (stray) throw new PoisonMessage(`${stray.view.user_id} is in ${stray.bucket}: no account moves to ${bucket}`);
  return { kept: parseSummary(summary), views: byUser(kept.map(({ view }) => view)) };
}

const byUser = (views: readonly Balance[]): Map<string, Balance> => new Map(views.map((view) => [view.user_id, view]));

const versionCondition = (version: number): Condition => (version === 0 ? absent : versionIs(version));

const putSummary = (bucket: string, summary: Summary, before: number): Write => ({
  op: 'put',
  row: toSummaryRow(bucket, summary, before + 1),
  when: versionCondition(before),
});

const recount = (unit: UnitOfWork, bucket: string, version: number, counted: Summary): Promise<boolean> =>
  commit(unit, async (read) => {
    const kept = parseSummary(await read.get(summaryKey(bucket)));
    if (kept.version !== version) return { writes: [], result: false };
    const summary = { ...counted, last_tick_at: kept.summary.last_tick_at };
    return { writes: [putSummary(bucket, summary, version)], result: true };
  });
