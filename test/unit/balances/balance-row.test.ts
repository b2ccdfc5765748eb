import type { AttributeValue } from '@aws-sdk/client-dynamodb';
import { marshall } from '@aws-sdk/util-dynamodb';
import { describe, expect, test } from 'vitest';
import { CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { bucketOf } from '../../../events/payments/bucket.ts';
import { type Balance, NEWEST, summarize } from '../../../lambdas/balances/balance.ts';
import {
  parseSummary,
  summaryKey,
  summaryPartitions,
  toBalanceRow,
  toSummaryRow,
} from '../../../lambdas/balances/balance-row.ts';
import { bucketsOf } from '../../../lambdas/balances/sync.ts';

/** Returns an upper bound of an attribute's size as DynamoDB counts it: texts in bytes, numbers in pairs of digits. */
function attributeBytes(attribute: AttributeValue): number {
  if (attribute.S !== undefined) return Buffer.byteLength(attribute.S);
  if (attribute.N !== undefined) return Math.ceil(attribute.N.replace(/^-|\./g, '').length / 2) + 2;
  if (attribute.L) return attribute.L.reduce((sum, element) => sum + 1 + attributeBytes(element), 3);
  throw new Error(`no rule for the attribute ${JSON.stringify(attribute)}`);
}

const rowBytes = (row: Record<string, unknown>): number =>
  Object.entries(marshall(row, { removeUndefinedValues: true })).reduce(
    (sum, [name, attribute]) => sum + Buffer.byteLength(name) + attributeBytes(attribute),
    0,
  );

const createBalances = (idLength: number, balance: number, version: number): Balance[] =>
  Array.from({ length: CHUNK_SIZE }, (_, index) => ({
    user_id: `${index}`.padStart(idLength, 'u'),
    balance,
    version,
    updated_at: new Date(Date.parse('2026-01-01T12:00:00.123Z') + index).toISOString(),
  }));

describe('a change of one account, which writes its row and the summary of its bucket,', () => {
  test.each([
    ['four write units with ids like a prefixed UUID and millions on each account', 38, 123_456_789, 1_000_000, 1024],
    ['six write units with the longest ids and the maximum balances', 64, 10 ** 15, 10 ** 9, 2048],
  ])('costs %s', (_, idLength, balance, version, maxBytes) => {
    const balances = createBalances(idLength, balance, version);
    const summary = { ...summarize(balances), last_tick_at: '2026-01-01T12:00:00.123Z' };
    expect(summary.newest).toHaveLength(NEWEST);
    expect(rowBytes(toSummaryRow('chunk:10309', summary, 10 ** 9))).toBeLessThan(maxBytes);
    expect(rowBytes(toBalanceRow(balances[0] as Balance, 'chunk:10309'))).toBeLessThan(512);
  });
});

describe('the row of a summary', () => {
  test('is parsed to the summary that was written', () => {
    const summary = { ...summarize(createBalances(38, 10 ** 15, 7)), last_tick_at: '2026-01-01T12:00:00.123Z' };
    expect(parseSummary(toSummaryRow('hash:3', summary, 8))).toEqual({ summary, version: 8 });
  });
});

describe('the buckets', () => {
  test('include the bucket of every account', () => {
    const buckets = new Set(bucketsOf(3));
    expect(buckets.size).toBe(19);
    for (let user = 0; user < 500; user++) expect(buckets).toContain(bucketOf(`user-${user}`));
    for (let chunk = 0; chunk < 3; chunk++) expect(buckets).toContain(bucketOf('user', chunk));
  });

  test('have their summaries spread evenly over the partitions', () => {
    const byPartition = Map.groupBy(bucketsOf(160), (bucket) => summaryKey(bucket).pk);
    expect([...byPartition.keys()].sort()).toEqual([...summaryPartitions].sort());
    for (const buckets of byPartition.values()) expect(buckets).toHaveLength(11);
  });
});
