import type { EventOf } from '../../events/envelope.ts';
import type { AccountOpened } from '../../events/payments/account-opened.ts';
import { type BalancesUpdated, CHUNK_SIZE } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { Poison, Rejected } from '../shared/errors.ts';
import { count } from '../shared/observability.ts';
import { absent, type Condition, type Reader, versionIs, type Write } from '../shared/store.ts';
import { type Folded, fold, hear, merge, putRight, type Summary, type Update, type View } from './balance.ts';
import {
  type KeptSummary,
  keptSummary,
  keptView,
  placeKey,
  shards,
  summaryKey,
  summaryRow,
  viewKey,
  viewRow,
} from './balance-row.ts';

export type BalanceEvent = EventOf<typeof AccountOpened | typeof BalancesUpdated>;

/** The read model of balances. With its rows, the only place that knows their keys. */
export function balanceStore(unit: Unit) {
  const { store } = unit;
  return {
    /** Takes in what is newer than what is known; what is not is counted. */
    take: (events: readonly BalanceEvent[]) => take(unit, events),
    view: async (userId: string): Promise<View> => {
      const row = await store.get(viewKey(userId));
      if (!row) throw new Rejected('balance_not_found', `nothing is known of ${userId}`, 404);
      return keptView(row).view;
    },
    /** All accounts together, from the summaries of their buckets. */
    overall: async (): Promise<Summary> => {
      const rows = (await Promise.all(shards.map((hash) => store.query({ hash })))).flat();
      return merge(rows.map((row) => keptSummary(row).summary));
    },
    /** Of so many accounts as one page of the ledger has. */
    views: async (userIds: readonly string[]): Promise<Map<string, View>> => {
      const rows = userIds.length === 0 ? [] : await store.getMany(userIds.map(viewKey));
      return byUser(rows.filter((row) => row !== undefined).map((row) => keptView(row).view));
    },
    summary: async (bucket: string): Promise<KeptSummary> => keptSummary(await store.get(summaryKey(bucket))),
    /** Puts views right by the ledger's accounts, never to a lower version; answers those that this has changed. */
    putRight: async (bucket: string, accounts: readonly View[]): Promise<readonly View[]> =>
      accounts.length === 0 ? [] : (await change(unit, bucket, accounts, putRight)).changed,
    /** Puts a summary right, if no account of the bucket has changed since it was at this version. */
    recount: (bucket: string, version: number, counted: Summary) => recount(unit, bucket, version, counted),
    /** Where the sync goes on. */
    place: async (): Promise<number> => Number((await store.get(placeKey))?.['next'] ?? 0),
    movePlace: (next: number): Promise<void> =>
      commit(unit, async () => ({ writes: [{ op: 'put', item: { ...placeKey, next } }], result: undefined })),
  };
}
export type BalanceStore = ReturnType<typeof balanceStore>;

/** Where an event's accounts stand: it is about one bucket only. */
export const bucketIn = ({ type, data }: BalanceEvent): string =>
  type === 'AccountOpened' ? bucketOf(data.user_id, data.chunk) : bucketOf(data.balances[0]?.user_id ?? '', data.chunk);

const TICK = 'tick:';

/** What an event says of each account. An account that was opened has nothing, at version 0. */
function updatesIn({ type, time, data }: BalanceEvent): (Update & { readonly bucket: string })[] {
  const updated_at = iso(Date.parse(time));
  if (type === 'AccountOpened') {
    const { user_id, chunk } = data;
    return [{ user_id, balance: 0, version: 0, updated_at, bucket: bucketOf(user_id, chunk) }];
  }
  const byTick = data.entry_id.startsWith(TICK);
  return data.balances.map((one) => ({ ...one, updated_at, byTick, bucket: bucketOf(one.user_id, data.chunk) }));
}

async function take(unit: Unit, events: readonly BalanceEvent[]): Promise<void> {
  for (const [bucket, updates] of Map.groupBy(events.flatMap(updatesIn), (update) => update.bucket))
    for (const some of asManyAsFit(updates)) {
      const { stale, duplicates } = await change(unit, bucket, some, hear);
      count('StaleUpdates', stale);
      count('Duplicates', duplicates);
    }
}

/** All updates of one account stay together, and with the summary a transaction has room for a chunk of accounts. */
function asManyAsFit(updates: readonly Update[]): Update[][] {
  const accounts = [...Map.groupBy(updates, ({ user_id }) => user_id).values()];
  const parts: Update[][] = [];
  for (let at = 0; at < accounts.length; at += CHUNK_SIZE) parts.push(accounts.slice(at, at + CHUNK_SIZE).flat());
  return parts;
}

/** Accounts and the summary of their bucket, in one transaction: what is counted is what is there. */
const change = (unit: Unit, bucket: string, updates: readonly Update[], decide: typeof hear): Promise<Folded> =>
  commit(unit, async (read) => {
    const { kept, views } = await rowsOf(read, bucket, updates);
    const folded = fold(views, kept.summary, updates, decide);
    const rows = folded.changed.map((view): Write => {
      const before = views.get(view.user_id);
      return { op: 'put', item: viewRow(view, bucket), when: before ? versionIs(before.version) : absent };
    });
    const isSame = folded.summary === kept.summary;
    return { writes: isSame ? [] : [...rows, putSummary(bucket, folded.summary, kept.version)], result: folded };
  });

async function rowsOf(read: Reader, bucket: string, updates: readonly Update[]) {
  const userIds = [...new Set(updates.map(({ user_id }) => user_id))];
  const [summary, ...rows] = await read.getMany([summaryKey(bucket), ...userIds.map(viewKey)]);
  const kept = rows.filter((row) => row !== undefined).map(keptView);
  // counted in two summaries it would be there twice
  const stray = kept.find((one) => one.bucket !== bucket);
  if (stray) throw new Poison(`${stray.view.user_id} is in ${stray.bucket}: no account moves to ${bucket}`);
  return { kept: keptSummary(summary), views: byUser(kept.map(({ view }) => view)) };
}

const byUser = (views: readonly View[]): Map<string, View> => new Map(views.map((view) => [view.user_id, view]));

const isAt = (version: number): Condition => (version === 0 ? absent : versionIs(version));

const putSummary = (bucket: string, summary: Summary, before: number): Write => ({
  op: 'put',
  item: summaryRow(bucket, summary, before + 1),
  when: isAt(before),
});

const recount = (unit: Unit, bucket: string, version: number, counted: Summary): Promise<boolean> =>
  commit(unit, async (read) => {
    const kept = keptSummary(await read.get(summaryKey(bucket)));
    if (kept.version !== version) return { writes: [], result: false };
    const summary = { ...counted, last_tick_at: kept.summary.last_tick_at };
    return { writes: [putSummary(bucket, summary, version)], result: true };
  });
