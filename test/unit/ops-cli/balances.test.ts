import { describe, expect, test } from 'vitest';
import { parseExactly } from '../../../bin/ops/api-client.ts';
import { formatStats, type Stats } from '../../../bin/ops/balances-count.ts';
import { formatLatest } from '../../../bin/ops/balances-latest.ts';
import { createReport, formatReport } from '../../../bin/ops/balances-sync.ts';
import type { Drift } from '../../../lambdas/balances/compare-bucket.ts';

describe('balances count', () => {
  test('shows every digit of the total', () => {
    const text = '{"users":3,"balances":2,"total":11999999999999988,"last_tick_at":null}';
    const stats = parseExactly(text) as Stats;
    expect(formatStats(stats).split('\n')).toEqual([
      'users      3',
      'balances   2',
      'total      11999999999999988',
      'last tick  never',
    ]);
    expect(JSON.stringify(stats)).toBe(text);
    expect(formatStats({ users: 1, balances: 1, total: 70, last_tick_at: '2026-01-01T12:00:00.000Z' })).toMatch(
      /total +70\nlast tick +2026-01-01T12:00:00.000Z$/,
    );
  });
});

describe('balances latest', () => {
  test('shows the latest changes in a table', () => {
    const alice = { user_id: 'alice', balance: 70, version: 2, updated_at: '2026-01-01T12:00:00.000Z' };
    expect(formatLatest([alice, { ...alice, user_id: 'bob', balance: 1000 }]).split('\n')).toEqual([
      'user   balance  version  changed',
      'alice       70        2  2026-01-01 12:00:00.000',
      'bob       1000        2  2026-01-01 12:00:00.000',
    ]);
    expect(formatLatest([])).toBe('No balance has changed yet.');
  });
});

describe('balances sync', () => {
  const wrong: Drift = {
    bucket: 'hash:3',
    user_id: 'alice',
    kind: 'wrong',
    repaired: true,
    ledger: { balance: 70, version: 2 },
    read_model: { balance: 71, version: 2 },
  };

  test('shows each drift, and what could not be counted or compared', () => {
    const report = createReport(
      [
        { bucket: 'hash:3', accounts: 2, drifts: [wrong, { bucket: 'hash:3', kind: 'summary', repaired: true }] },
        { bucket: 'chunk:0', accounts: 97, drifts: [], isUncounted: true },
        { bucket: 'chunk:1', accounts: 0, drifts: [], failed: 'busy' },
      ],
      18,
    );
    expect(formatReport(report).split('\n')).toEqual([
      'bucket  user   kind     ledger   read model  result',
      'hash:3  alice  wrong    70 (v2)  71 (v2)     repaired',
      'hash:3  -      summary  -        -           repaired',
      '',
      '99 accounts in 3 of 18 buckets: 2 drifts',
      'changed too often to be counted: chunk:0',
      '✗ chunk:1: busy',
    ]);
  });

  test('reports that there is no drift', () => {
    expect(formatReport(createReport([{ bucket: 'hash:3', accounts: 2, drifts: [] }], 16))).toBe(
      '2 accounts in 1 of 16 buckets: no drift',
    );
  });
});
