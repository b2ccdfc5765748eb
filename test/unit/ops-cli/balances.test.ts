import { describe, expect, test } from 'vitest';
import { parseExactly } from '../../../bin/ops/api-client.ts';
import { formatStats, type Stats } from '../../../bin/ops/balances-count.ts';
import { latestTable } from '../../../bin/ops/balances-latest.ts';
import { createReport, formatReport } from '../../../bin/ops/balances-sync.ts';
import type { Drift } from '../../../lambdas/balances/compare-bucket.ts';

describe('the balances, told to an operator', () => {
  test('are counted, to the last digit of their sum', () => {
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

  test('have their latest changes in a table', () => {
    const one = { user_id: 'alice', balance: 70, version: 2, updated_at: '2026-01-01T12:00:00.000Z' };
    expect(latestTable([one, { ...one, user_id: 'bob', balance: 1000 }]).split('\n')).toEqual([
      'user   balance  version  changed',
      'alice       70        2  2026-01-01 12:00:00.000',
      'bob       1000        2  2026-01-01 12:00:00.000',
    ]);
    expect(latestTable([])).toBe('No balance has changed yet.');
  });
});

describe('the sync, told to an operator', () => {
  const wrong: Drift = {
    bucket: 'hash:3',
    user_id: 'alice',
    kind: 'wrong',
    repaired: true,
    ledger: { balance: 70, version: 2 },
    read_model: { balance: 71, version: 2 },
  };

  test('says what differed, and whether it does still', () => {
    const told = createReport(
      [
        { bucket: 'hash:3', accounts: 2, drifts: [wrong, { bucket: 'hash:3', kind: 'summary', repaired: true }] },
        { bucket: 'chunk:0', accounts: 97, drifts: [], isUncounted: true },
        { bucket: 'chunk:1', accounts: 0, drifts: [], failed: 'busy' },
      ],
      18,
    );
    expect(formatReport(told).split('\n')).toEqual([
      'bucket  user   kind     ledger   read model',
      'hash:3  alice  wrong    70 at 2  71 at 2     repaired',
      'hash:3  -      summary  -        -           repaired',
      '',
      '99 accounts in 3 of 18 buckets: 2 drifts',
      'changed too often to be counted: chunk:0',
      '✗ chunk:1: busy',
    ]);
  });

  test('says so where nothing does', () => {
    expect(formatReport(createReport([{ bucket: 'hash:3', accounts: 2, drifts: [] }], 16))).toBe(
      '2 accounts in 1 of 16 buckets: no drift',
    );
  });
});
