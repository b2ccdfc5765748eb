import { hashedBuckets } from '../../events/payments/bucket.ts';
import { Busy } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { compareBucket, type Drift, type SyncPorts } from './compare-bucket.ts';

export interface BucketComparison {
  readonly bucket: string;
  readonly accounts: number;
  readonly drifts: readonly Drift[];
  /** True if the accounts were compared, but changed too often for their summary to be checked. */
  readonly isUncounted?: boolean;
  /** The reason, if the comparison did not finish. */
  readonly failed?: string;
}

const CONCURRENT_BUCKETS = 8;

export const bucketsOf = (chunkCount: number): string[] => [
  ...hashedBuckets,
  ...Array.from({ length: chunkCount }, (_, chunk) => `chunk:${chunk}`),
];

/** The share of the time until the deadline in which comparisons are started. The rest is for finishing them. */
const START_SHARE = 0.5;

/** Runs the scheduled sync: compares the next `bucketsPerRun` buckets after the last run, as far as its time allows. */
export async function syncNext(
  ports: SyncPorts & { readonly bucketsPerRun: number; readonly deadlineMs: number },
): Promise<BucketComparison[]> {
  const { balances, ledger, clock, bucketsPerRun, deadlineMs } = ports;
  const lastStartMs = clock.now() + (deadlineMs - clock.now()) * START_SHARE;
  const buckets = bucketsOf(await ledger.chunks());
  const start = (await balances.getSyncPosition()) % buckets.length;
  const nextBuckets = [...buckets.slice(start), ...buckets.slice(0, start)].slice(0, bucketsPerRun);
  const comparisons = await syncBuckets(ports, nextBuckets, async (doneCount) => {
    await balances.setSyncPosition((start + doneCount) % buckets.length);
    return clock.now() < lastStartMs;
  });
  logger.info('balances compared with the ledger', {
    buckets: comparisons.length,
    buckets_total: buckets.length,
    accounts: comparisons.reduce((total, { accounts }) => total + accounts, 0),
    drifts: comparisons.reduce((total, { drifts }) => total + drifts.length, 0),
  });
  return comparisons;
}

/** Compares buckets, eight at a time. After each eight, `shouldContinue` decides whether the next ones follow. */
export async function syncBuckets(
  ports: SyncPorts,
  buckets: readonly string[],
  shouldContinue: (doneCount: number) => Promise<boolean>,
): Promise<BucketComparison[]> {
  const comparisons: BucketComparison[] = [];
  let hasMore = buckets.length > 0;
  while (hasMore) {
    const batch = buckets.slice(comparisons.length, comparisons.length + CONCURRENT_BUCKETS);
    comparisons.push(...(await Promise.all(batch.map((bucket) => syncBucket(ports, bucket)))));
    hasMore = (await shouldContinue(comparisons.length)) && comparisons.length < buckets.length;
  }
  return comparisons;
}

/** Compares one bucket. Returns an error as a result, because it must not stop the comparison of other buckets. */
async function syncBucket(ports: SyncPorts, bucket: string): Promise<BucketComparison> {
  // A repeated comparison may find the same drift again, so each user and the summary are reported once.
  const drifts = new Map<string, Drift>();
  const report = (drift: Drift): void => {
    const subject = drift.user_id ?? bucket;
    if (drifts.has(subject)) return;
    drifts.set(subject, drift);
    logger.warn('drift found', { ...drift });
    count('Drift');
  };
  try {
    return { bucket, ...(await compareBucket(ports, bucket, report)), drifts: [...drifts.values()] };
  } catch (error) {
    logger.error('bucket not synced', { bucket, error: error as Error });
    count('BucketsNotSynced');
    const failed = error instanceof Busy ? 'busy' : (error as Error).message;
    return { bucket, accounts: 0, drifts: [...drifts.values()], failed };
  }
}
