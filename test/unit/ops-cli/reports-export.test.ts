import { describe, expect, test } from 'vitest';
import { type ExportedDay, exportDays } from '../../../bin/ops/export-days.ts';
import { formatExports, parseDays } from '../../../bin/ops/reports-export.ts';
import { daysBetween, kinds } from '../../../lambdas/reports/report.ts';
import { createReportFixture, runRequested } from '../../support/report-fixture.ts';

const nowMs = Date.parse('2026-11-22T10:00:00Z');
const SETTLED_MS = 300_000;
const days = daysBetween(Date.parse('2025-12-29'), Date.parse('2026-01-01'));

describe('the days of an export', () => {
  const datesOf = (range: { from?: string; to?: string }, now = nowMs) =>
    parseDays(range, now, SETTLED_MS).map(({ date }) => date);

  test('end before today by default', () => {
    expect(datesOf({ from: '2026-11-20' })).toEqual(['2026-11-20', '2026-11-21']);
    expect(datesOf({ from: '2026-11-01', to: '2026-11-02' })).toEqual(['2026-11-01']);
  });

  test('do not include a day whose rows may still be written', () => {
    const midnight = Date.parse('2026-11-22');
    expect(datesOf({ from: '2026-11-20' }, midnight + SETTLED_MS - 1)).toEqual(['2026-11-20']);
    expect(datesOf({ from: '2026-11-20' }, midnight + SETTLED_MS)).toEqual(['2026-11-20', '2026-11-21']);
  });

  test.each([
    [{}, '--from is missing'],
    [{ from: '2026-11-20', to: '2026-11-23' }, '--to may be at most 2026-11-22'],
    [{ from: '2026-11-22' }, '--from must be before 2026-11-22'],
    [{ from: '2026-11-20T00:00:00Z' }, '--from requires a date like 2026-01-31'],
    [{ from: '2026-02-30x' }, '--from requires a date'],
    [{ from: '2025-01-01' }, 'At most 366 days'],
  ])('%j are refused: %s', (range, problem) => {
    expect(() => parseDays(range, nowMs, SETTLED_MS)).toThrow(problem);
  });
});

describe('an export of days', () => {
  /** Runs the command on tables in memory, whose worker works while the command waits. */
  async function run(fixture: ReturnType<typeof createReportFixture>, stopAfterDays = Number.POSITIVE_INFINITY) {
    const abort = new AbortController();
    const progress: number[] = [];
    let waiting: string[] = [];
    let mostWaiting = 0;
    const exported = await exportDays(days, kinds, {
      reports: () => ({
        get: (id) => fixture.reports().get(id),
        requestExport: async (kind, day) => {
          const requested = await fixture.reports().requestExport(kind, day);
          if (requested.isNew) waiting.push(requested.id);
          return requested;
        },
      }),
      pause: async () => {
        mostWaiting = Math.max(mostWaiting, waiting.length);
        for (const id of waiting) await fixture.run(runRequested(id));
        waiting = [];
      },
      signal: abort.signal,
      onProgress: (ended) => {
        progress.push(ended);
        if (ended === stopAfterDays * kinds.length) abort.abort();
      },
    });
    return { exported, progress, mostWaiting };
  }

  test('requests each kind of each day, and waits for a day before it requests the next', async () => {
    const { exported, progress, mostWaiting } = await run(createReportFixture());
    expect(exported.map(({ date, kind }) => `${date} ${kind}`)).toEqual(
      days.flatMap(({ date }) => kinds.map((kind) => `${date} ${kind}`)),
    );
    expect(exported.every(({ status, requested }) => status === 'finished' && requested)).toBe(true);
    expect(progress).toEqual([1, 2, 3, 4, 5, 6, 7, 8, 9]);
    expect(mostWaiting).toBe(3);
  });

  test('continues when it is repeated after an interruption', async () => {
    const fixture = createReportFixture();
    expect((await run(fixture, 1)).exported).toHaveLength(3);
    const { exported } = await run(fixture);
    expect(exported.map(({ requested }) => requested)).toEqual([...Array(3).fill(false), ...Array(6).fill(true)]);
  });
});

test('the exports that were requested are shown, and how many existed or did not finish', () => {
  const exported: ExportedDay = {
    date: '2026-11-01',
    kind: 'orders',
    id: 'a',
    requested: true,
    status: 'finished',
    rows: 7,
  };
  const failed: ExportedDay = { ...exported, kind: 'ledger', id: 'b', status: 'failed', reason: 'Why' };
  const existing: ExportedDay = { ...exported, kind: 'balances', requested: false };
  expect(formatExports([exported, failed, existing], 4).split('\n')).toEqual([
    'day         kind    id  status    rows  reason',
    '2026-11-01  orders  a   finished     7',
    '2026-11-01  ledger  b   failed       7  Why',
    '2 exports requested, 1 existed, 1 not finished; run the command again',
  ]);
  expect(formatExports([existing], 1)).toBe('0 exports requested, 1 existed');
});
