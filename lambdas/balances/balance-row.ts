import * as z from 'zod/mini';
import { toIso } from '../shared/runtime/clock.ts';
import type { Key, Row } from '../shared/store/store.ts';
import { type Balance, emptySummary, type Summary } from './balance.ts';

/** Summaries are listed from so many partitions at once: none is hot, and nothing is scanned. */
const SHARDS = 16;

export const shards: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => `SUMMARY#${shard}`);

/** `chunk:17` and `hash:1` stand in the shard 1, by their numbers. */
const shardOf = (bucket: string): string => `SUMMARY#${Number(bucket.split(':')[1]) % SHARDS}`;

export const balanceKey = (userId: string): Key => ({ pk: `USER#${userId}`, sk: 'STATE' });
export const summaryKey = (bucket: string): Key => ({ pk: shardOf(bucket), sk: bucket });
export const syncPositionKey: Key = { pk: 'SYNC', sk: 'STATE' };

/** A view as its row has it, with the bucket that it is counted in. A chunk's are read at each of its ticks. */
export const parseBalance = ({ user_id, balance, version, updated_at, bucket }: Row) => ({
  view: {
    user_id: String(user_id),
    balance: Number(balance),
    version: Number(version),
    updated_at: String(updated_at),
  } satisfies Balance,
  bucket: String(bucket),
});

export const toBalanceRow = (view: Balance, bucket: string): Row => ({ ...balanceKey(view.user_id), ...view, bucket });

/** One of the newest: its user, balance, version, and time in ms. A unit is a KB, and ten of them must fit. */
const Newest = z.tuple([z.string(), z.number(), z.number(), z.number()]);

const SummaryRow = z.object({
  version: z.number(),
  users: z.number(),
  balances: z.number(),
  /** Digits: a number of a table is read as a double. */
  sum: z.string(),
  newest: z.array(Newest),
  last_tick_at: z.optional(z.string()),
});

export interface StoredSummary {
  readonly summary: Summary;
  /** 0 before there is a row. Each change of any account of the bucket is a new version. */
  readonly version: number;
}

export function parseSummary(row: Row | undefined): StoredSummary {
  if (!row) return { summary: emptySummary, version: 0 };
  const { version, sum, newest, ...counts } = SummaryRow.parse(row);
  const views = newest.map(([user_id, balance, at, ms]) => ({ user_id, balance, version: at, updated_at: toIso(ms) }));
  return { summary: { ...counts, sum: BigInt(sum), newest: views }, version };
}

export const toSummaryRow = (
  bucket: string,
  { users, balances, sum, newest, last_tick_at }: Summary,
  version: number,
) => ({
  ...summaryKey(bucket),
  version,
  users,
  balances,
  sum: String(sum),
  newest: newest.map(
    (one): z.infer<typeof Newest> => [one.user_id, one.balance, one.version, Date.parse(one.updated_at)],
  ),
  last_tick_at,
});
