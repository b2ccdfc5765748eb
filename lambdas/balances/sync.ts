import { hashedBuckets } from '../../events/payments/bucket.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import { Busy } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Balance, type DriftKind, driftOf, isSameCount, summarize } from './balance.ts';
import type { BalanceStore } from './balance-store.ts';

/** What the sync needs of the ledger: to look, and nothing more. */
export interface Ledger {
  /** One page of a bucket's accounts by their users, and above which user the next begins. */
  accounts(bucket: string, above?: string): Promise<{ readonly accounts: readonly Balance[]; readonly next?: string }>;
  chunks(): Promise<number>;
}

export interface SyncPorts {
  readonly balances: BalanceStore;
  readonly ledger: Ledger;
  readonly clock: Clock;
}

type BalanceAtVersion = Pick<Balance, 'balance' | 'version'>;

/** Where the read model is not what the ledger says, and whether it is again. */
export interface Drift {
  readonly bucket: string;
  readonly kind: DriftKind | 'summary';
  readonly repaired: boolean;
  /** Of one account; a summary's is about all of its bucket. */
  readonly user_id?: string;
  readonly ledger?: BalanceAtVersion;
  readonly read_model?: BalanceAtVersion | undefined;
}

/** What became of one bucket. */
export interface BucketComparison {
  readonly bucket: string;
  readonly accounts: number;
  readonly drifts: readonly Drift[];
  /** Its accounts were compared; they changed too often meanwhile to be counted. */
  readonly isUncounted?: boolean;
  /** It could not be compared to its end. */
  readonly failed?: string;
}

const CONCURRENT_BUCKETS = 8;
/** One that repairs, one that finds the count off, one after the pause, and two to spare for a bucket that is busy. */
const MAX_COMPARISONS = 5;
/** The index that lists accounts lags behind them by less. */
const INDEX_LAG_MS = 3000;

/** Every bucket that there is. */
export const bucketsOf = (chunks: number): string[] => [
  ...hashedBuckets,
  ...Array.from({ length: chunks }, (_, at) => `chunk:${at}`),
];

/** One run of the schedule: so many buckets, from where the last run stopped, for as long as there is time. */
export async function syncNext(
  ports: SyncPorts,
  { bucketsPerRun, deadlineMs }: { bucketsPerRun: number; deadlineMs: number },
): Promise<BucketComparison[]> {
  const { balances, ledger, clock } = ports;
  const buckets = bucketsOf(await ledger.chunks());
  const place = (await balances.place()) % buckets.length;
  const turn = [...buckets.slice(place), ...buckets.slice(0, place)].slice(0, bucketsPerRun);
  const done = await syncBuckets(ports, turn, async (so_far) => {
    await balances.movePlace((place + so_far) % buckets.length);
    return clock.now() < deadlineMs;
  });
  logger.info('synced', {
    buckets: done.length,
    of: buckets.length,
    accounts: done.reduce((sum, { accounts }) => sum + accounts, 0),
    drifts: done.reduce((sum, { drifts }) => sum + drifts.length, 0),
  });
  return done;
}

/** Some buckets, a few at once; after each few `goesOn` decides. */
export async function syncBuckets(
  ports: SyncPorts,
  buckets: readonly string[],
  goesOn: (done: number) => Promise<boolean>,
): Promise<BucketComparison[]> {
  const done: BucketComparison[] = [];
  let wanted = true;
  while (wanted && done.length < buckets.length) {
    const some = buckets.slice(done.length, done.length + CONCURRENT_BUCKETS);
    done.push(...(await Promise.all(some.map((bucket) => syncBucket(ports, bucket)))));
    wanted = await goesOn(done.length);
  }
  return done;
}

/** Each bucket by itself: what goes wrong with one must not keep the others from being compared. */
async function syncBucket(ports: SyncPorts, bucket: string): Promise<BucketComparison> {
  const drifts = new Map<string, Drift>();
  const tell = (drift: Drift): void => {
    const about = drift.user_id ?? bucket;
    if (drifts.has(about)) return;
    drifts.set(about, drift);
    logger.warn('drift', { ...drift });
    count('Drift');
  };
  try {
    return { bucket, ...(await compareBucket(ports, bucket, tell)), drifts: [...drifts.values()] };
  } catch (error) {
    logger.error('bucket not synced', { bucket, error: error as Error });
    count('BucketsNotSynced');
    const failed = error instanceof Busy ? 'busy' : (error as Error).message;
    return { bucket, accounts: 0, drifts: [...drifts.values()], failed };
  }
}

/**
 * Compares a bucket's accounts one by one, and then their summary with a count of them. That is only fair while none of
 * them changes, so a summary that has moved during the look is looked at again; and one of more or fewer accounts must
 * be so still, at the very same version, after a pause in which the ledger's index has caught up.
 */
async function compareBucket(ports: SyncPorts, bucket: string, tell: (drift: Drift) => void) {
  const { balances, clock } = ports;
  let accounts = 0;
  let offAt: number | undefined;
  let wasFalse = false;
  for (let looks = 0; looks < MAX_COMPARISONS; looks++) {
    const before = await balances.summary(bucket);
    const { views, found } = await compareAccounts(ports, bucket);
    accounts = views.length;
    for (const drift of found) tell(drift);
    wasFalse ||= found.some(({ kind }) => kind === 'wrong' || kind === 'ahead');
    if (found.some(({ repaired }) => repaired)) continue;
    const { summary, version } = await balances.summary(bucket);
    const counted = summarize(views);
    if (isSameCount(summary, counted)) return { accounts };
    if (version !== before.version) continue;
    if (counted.users !== summary.users && offAt !== version) {
      offAt = version;
      await clock.sleep(INDEX_LAG_MS);
      continue;
    }
    if (!(await balances.recount(bucket, version, counted))) continue;
    // a view that was changed behind its summary's back is one drift, and not two
    if (!wasFalse) tell({ bucket, kind: 'summary', repaired: true });
    return { accounts };
  }
  logger.info('bucket changes too often to be counted', { bucket });
  return { accounts, isUncounted: true };
}

async function compareAccounts(ports: SyncPorts, bucket: string) {
  const views: Balance[] = [];
  const found: Drift[] = [];
  let above: string | undefined;
  do {
    const page = await comparePage(ports, bucket, above);
    views.push(...page.views);
    found.push(...page.found);
    above = page.next;
  } while (above !== undefined);
  return { views, found };
}

async function comparePage({ balances, ledger, clock }: SyncPorts, bucket: string, above: string | undefined) {
  const first = await ledger.accounts(bucket, above);
  const views = await balances.views(first.accounts.map(({ user_id }) => user_id));
  const isAhead = ({ user_id, version }: Balance): boolean => (views.get(user_id)?.version ?? 0) > version;
  // the ledger may just have gone on between the two: it was read first
  const { accounts, next } = first.accounts.some(isAhead) ? await ledger.accounts(bucket, above) : first;
  const drifting = accounts.flatMap((account) => {
    const view = views.get(account.user_id);
    const kind = driftOf(account, view, clock.now());
    return kind ? [{ account, view, kind }] : [];
  });
  const toRepair = drifting.filter(({ kind }) => kind !== 'ahead').map(({ account }) => account);
  const repaired = new Set((await balances.putRight(bucket, toRepair)).map(({ user_id }) => user_id));
  const found = drifting
    // what needed no repair was there in the meantime
    .filter(({ account, kind }) => kind === 'ahead' || repaired.has(account.user_id))
    .map(
      ({ account, view, kind }): Drift => ({
        bucket,
        kind,
        repaired: kind !== 'ahead',
        user_id: account.user_id,
        ledger: toBalanceAtVersion(account),
        read_model: view && toBalanceAtVersion(view),
      }),
    );
  return { views: [...views.values()], found, next };
}

const toBalanceAtVersion = ({ balance, version }: Balance): BalanceAtVersion => ({ balance, version });
