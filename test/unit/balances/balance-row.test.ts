import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import { CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import { type Balance, NEWEST, summarize } from '../../../lambdas/balances/balance.ts';
import { parseSummary, shards, summaryKey, toBalanceRow, toSummaryRow } from '../../../lambdas/balances/balance-row.ts';
import { bucketsOf } from '../../../lambdas/balances/sync.ts';

/** As DynamoDB weighs an item for its units, and rather more: texts by their bytes, numbers by pairs of digits. */
function bytesOf(attribute: AttributeValue): number {
  if (attribute.S !== undefined) return Buffer.byteLength(attribute.S);
  if (attribute.N !== undefined) return Math.ceil(attribute.N.replace(/^-|\./g, '').length / 2) + 2;
  if (attribute.L) return attribute.L.reduce((sum, one) => sum + 1 + bytesOf(one), 3);
  throw new Error(`not in these rows: ${JSON.stringify(attribute)}`);
}

const weightOf = (row: Record<string, unknown>): number =>
  Object.entries(marshall(row, { removeUndefinedValues: true })).reduce(
    (sum, [name, attribute]) => sum + Buffer.byteLength(name) + bytesOf(attribute),
    0,
  );

const viewsOf = (idLength: number, balance: number, version: number): Balance[] =>
  Array.from({ length: CHUNK_SIZE }, (_, place) => ({
    user_id: `${place}`.padStart(idLength, 'u'),
    balance,
    version,
    updated_at: new Date(Date.parse('2026-01-01T12:00:00.123Z') + place).toISOString(),
  }));

describe('what a change of one account writes: its row and the summary of its bucket', () => {
  test.each([
    ['a UUID with a prefix, millions on each account: four write units', 38, 123_456_789, 1_000_000, 1024],
    ['the longest that there are, each with the most that it may hold: six', 64, 10 ** 15, 10 ** 9, 2048],
  ])('costs by its KB. With ids like %s', (_, idLength, balance, version, most) => {
    const views = viewsOf(idLength, balance, version);
    const summary = { ...summarize(views), last_tick_at: '2026-01-01T12:00:00.123Z' };
    expect(summary.newest).toHaveLength(NEWEST);
    expect(weightOf(toSummaryRow('chunk:10309', summary, 10 ** 9))).toBeLessThan(most);
    expect(weightOf(toBalanceRow(views[0] as Balance, 'chunk:10309'))).toBeLessThan(512);
  });

  test('are read as they were written', () => {
    const summary = { ...summarize(viewsOf(38, 10 ** 15, 7)), last_tick_at: '2026-01-01T12:00:00.123Z' };
    expect(parseSummary(toSummaryRow('hash:3', summary, 8))).toEqual({ summary, version: 8 });
  });
});

describe('the buckets', () => {
  test('are all listed: whatever an account is called, it stands in one of them', () => {
    const buckets = new Set(bucketsOf(3));
    expect(buckets.size).toBe(19);
    for (let user = 0; user < 500; user++) expect(buckets).toContain(bucketOf(`user-${user}`));
    for (let chunk = 0; chunk < 3; chunk++) expect(buckets).toContain(bucketOf('user', chunk));
  });

  test('are spread evenly over the partitions that their summaries are listed from', () => {
    const found = Map.groupBy(bucketsOf(160), (bucket) => summaryKey(bucket).pk);
    expect([...found.keys()].sort()).toEqual([...shards].sort());
    for (const buckets of found.values()) expect(buckets).toHaveLength(11);
  });
});
