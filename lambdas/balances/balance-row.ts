import * as z from 'zod/mini';
import { toIso } from '../shared/runtime/clock.ts';
import type { Key, Row } from '../shared/store/store.ts';
import { type Balance, emptySummary, type Summary } from './balance.ts';

/** The number of partitions that hold the summaries. With 16, no partition is hot, and a list of all needs no scan. */
const SUMMARY_PARTITIONS = 16;

export const summaryPartitions: readonly string[] = Array.from(
  { length: SUMMARY_PARTITIONS },
  (_, index) => `SUMMARY#${index}`,
);

/** Returns the partition by the bucket's number: `chunk:17` and `hash:1` are both in `SUMMARY#1`. */
const summaryPartition = (bucket: string): string => `SUMMARY#${Number(bucket.split(':')[1]) % SUMMARY_PARTITIONS}`;

export const balanceKey = (userId: string): Key => ({ pk: `USER#${userId}`, sk: 'STATE' });
export const summaryKey = (bucket: string): Key => ({ pk: summaryPartition(bucket), sk: bucket });
export const syncPositionKey: Key = { pk: 'SYNC', sk: 'STATE' };

/**
 * Parses a balance, and the bucket that counts it. A schema would be too slow: each tick reads the rows of whole
 * chunks.
 */
export const parseBalance = ({ user_id, balance, version, updated_at, bucket }: Row) => ({
  balance: {
    user_id: String(user_id),
    balance: Number(balance),
    version: Number(version),
    updated_at: String(updated_at),
  } satisfies Balance,
  bucket: String(bucket),
});

export const toBalanceRow = (balance: Balance, bucket: string): Row => ({
  ...balanceKey(balance.user_id),
  ...balance,
  bucket,
});

/**
 * One of the newest balances: user, balance, version and time in ms. It is a tuple without names, because ten of them
 * must fit into 1 KB, the size of a write unit.
 */
const NewestBalance = z.tuple([z.string(), z.number(), z.number(), z.number()]);

const SummaryRow = z.object({
  version: z.number(),
  users: z.number(),
  balances: z.number(),
  /** Stored as digits, because a number attribute is read as a double. */
  sum: z.string(),
  newest: z.array(NewestBalance),
  last_tick_at: z.optional(z.string()),
});

export interface StoredSummary {
  readonly summary: Summary;
  /** 0 if there is no row yet. Each change of an account in the bucket increments it. */
  readonly version: number;
}

export function parseSummary(row: Row | undefined): StoredSummary {
  if (!row) return { summary: emptySummary, version: 0 };
  const { version: summaryVersion, sum, newest, ...counts } = SummaryRow.parse(row);
  const balances = newest.map(([user_id, balance, version, updatedAtMs]) => ({
    user_id,
    balance,
    version,
    updated_at: toIso(updatedAtMs),
  }));
  return { summary: { ...counts, sum: BigInt(sum), newest: balances }, version: summaryVersion };
}

const toNewestBalance = ({ user_id, balance, version, updated_at }: Balance): z.infer<typeof NewestBalance> => [
  user_id,
  balance,
  version,
  Date.parse(updated_at),
];

export const toSummaryRow = (bucket: string, { sum, newest, ...counts }: Summary, version: number) => ({
  ...summaryKey(bucket),
  ...counts,
  version,
  sum: String(sum),
  newest: newest.map(toNewestBalance),
});
