import * as z from 'zod/mini';
import { iso } from '../shared/clock.ts';
import type { Item, Key } from '../shared/store.ts';
import { nobody, type Summary, type View } from './balance.ts';

/** Summaries are listed from so many partitions at once: none is hot, and nothing is scanned. */
const SHARDS = 16;

export const shards: readonly string[] = Array.from({ length: SHARDS }, (_, shard) => `SUMMARY#${shard}`);

/** `chunk:17` and `other:1` stand in the shard 1, by their numbers. */
const shardOf = (bucket: string): string => `SUMMARY#${Number(bucket.split(':')[1]) % SHARDS}`;

export const viewKey = (userId: string): Key => ({ pk: `USER#${userId}`, sk: 'STATE' });
export const summaryKey = (bucket: string): Key => ({ pk: shardOf(bucket), sk: bucket });
export const placeKey: Key = { pk: 'SYNC', sk: 'STATE' };

/** A view as its row has it, with the bucket that it is counted in. A chunk's are read at each of its ticks. */
export const keptView = ({ user_id, balance, version, updated_at, bucket }: Item) => ({
  view: {
    user_id: String(user_id),
    balance: Number(balance),
    version: Number(version),
    updated_at: String(updated_at),
  } satisfies View,
  bucket: String(bucket),
});

export const viewRow = (view: View, bucket: string): Item => ({ ...viewKey(view.user_id), ...view, bucket });

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

export interface KeptSummary {
  readonly summary: Summary;
  /** 0 before there is a row. Each change of any account of the bucket is a new version. */
  readonly version: number;
}

export function keptSummary(row: Item | undefined): KeptSummary {
  if (!row) return { summary: nobody, version: 0 };
  const { version, sum, newest, ...counts } = SummaryRow.parse(row);
  const views = newest.map(([user_id, balance, at, ms]) => ({ user_id, balance, version: at, updated_at: iso(ms) }));
  return { summary: { ...counts, sum: BigInt(sum), newest: views }, version };
}

export const summaryRow = (
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
