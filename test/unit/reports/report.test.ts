import { describe, expect, test } from 'vitest';
import { addSums, decideRun, isBalanced, lastDays, newReport } from '../../../lambdas/reports/report.ts';

const request = { kind: 'ledger', from: 'a', to: 'b', format: 'csv' } as const;
const report = { ...newReport('r', 'request', request, 'now'), status: 'running', run: 2 } as const;
const message = (run: number) => ({ report_id: 'r', run });

describe('a message about a report', () => {
  test('starts the run that is due', () => {
    expect(decideRun(report, message(2), 100)).toBe('start');
  });

  test('of an earlier run is ignored, also while another worker is active', () => {
    expect(decideRun(report, message(1), 100)).toBe('ignore');
    expect(decideRun({ ...report, leased_until: 200 }, message(1), 100)).toBe('ignore');
  });

  test('waits while another worker has the lease, and starts when the lease has ended', () => {
    expect(decideRun({ ...report, leased_until: 200 }, message(2), 199)).toBe('wait');
    expect(decideRun({ ...report, leased_until: 200 }, message(2), 200)).toBe('start');
  });

  test('continues a report that has failed, and ignores a finished one', () => {
    expect(decideRun({ ...report, status: 'failed' }, message(2), 100)).toBe('start');
    expect(decideRun({ ...report, status: 'finished' }, message(2), 100)).toBe('ignore');
  });
});

test('sums are added by name', () => {
  expect(addSums({ a: 1n, b: 2n }, { b: 3n, c: -4n })).toEqual({ a: 1n, b: 5n, c: -4n });
});

test('a report of the ledger must sum to zero, and any other may have any sum', () => {
  expect(isBalanced({ kind: 'ledger', sums: { total: 0n } })).toBe(true);
  expect(isBalanced({ kind: 'ledger', sums: {} })).toBe(true);
  expect(isBalanced({ kind: 'ledger', sums: { total: 1n } })).toBe(false);
  expect(isBalanced({ kind: 'orders', sums: { total: 1n } })).toBe(true);
});

test('the last days are full days in UTC, the latest first', () => {
  const now = Date.parse('2026-03-01T00:00:00Z');
  expect(lastDays(now, 2)).toEqual([
    { date: '2026-02-28', from: '2026-02-28T00:00:00.000Z', to: '2026-03-01T00:00:00.000Z' },
    { date: '2026-02-27', from: '2026-02-27T00:00:00.000Z', to: '2026-02-28T00:00:00.000Z' },
  ]);
  expect(lastDays(now - 1, 1)[0]?.date).toBe('2026-02-27');
});
