import { type Day, daysBetween, kinds, MAX_RANGE_DAYS, startOfDay } from '../../lambdas/reports/report.ts';
import { reportStore } from '../../lambdas/reports/report-store.ts';
import { systemClock, toIso } from '../../lambdas/shared/runtime/clock.ts';
import { unitOfWork } from '../../lambdas/shared/store/commit.ts';
import { configOf } from '../../lib/config.ts';
import { parseOneOf } from './arguments.ts';
import { defineCommand } from './command.ts';
import { type ExportedDay, exportDays } from './export-days.ts';
import { countOf, table } from './print.ts';
import { openTables } from './tables.ts';
import { UsageError } from './usage-error.ts';
import { pause } from './watch.ts';

const POLL_MS = 1000;
/** The time that one write or read of the table may take with its retries. */
const CALL_MS = 10_000;

export default defineCommand({
  options: {
    from: { type: 'string', valueName: 'date', help: 'the first day in UTC, for example 2026-11-01' },
    to: { type: 'string', valueName: 'date', help: 'the day after the last one (default: today)' },
    kind: { type: 'string', multiple: true, valueName: 'kind', help: `${kinds.join(', ')} (default: all); repeatable` },
  },
  details:
    'Requests the daily exports that are missing or have failed, and waits for them day by day. They have the ids and\n' +
    'files of the schedule, so a repeated command continues. An export is known for 30 days: an earlier one is written\n' +
    'again, with the same rows and with the statuses that orders have by now. Each export reads a whole table. The exit\n' +
    'code is 1 if one fails.',
  examples: ['reports export --from 2026-11-01', 'reports export --from 2026-11-01 --to 2026-11-08 --kind ledger'],
  run: async ({ values, target, print, signal }) => {
    const days = parseDays(values, Date.now(), configOf(target.stage).reports.settledAfterSeconds * 1000);
    const wanted = values.kind?.map((kind) => parseOneOf(kind, '--kind', kinds)) ?? kinds;
    const ports = { store: openTables(target).reports, clock: systemClock };
    const all = days.length * wanted.length;
    const exported = await exportDays(days, wanted, {
      reports: () => reportStore(unitOfWork(ports, { deadlineMs: Date.now() + CALL_MS })),
      pause: () => pause(POLL_MS, signal),
      signal,
      onProgress: (ended) => print.progress('exports', ended, all),
    });
    print.progressDone();
    print.result(exported, () => formatExports(exported, all));
    return exported.length === all && exported.every(({ status }) => status === 'finished') ? undefined : 1;
  },
});

/** Returns the days of the range. A day whose rows may still be written is refused. */
export function parseDays(
  { from, to }: { readonly from?: string | undefined; readonly to?: string | undefined },
  nowMs: number,
  settledAfterMs: number,
): Day[] {
  if (from === undefined) throw new UsageError('--from is missing.');
  const todayMs = startOfDay(nowMs - settledAfterMs);
  const fromMs = parseDateMs(from, '--from');
  const toMs = to === undefined ? todayMs : parseDateMs(to, '--to');
  if (toMs > todayMs)
    throw new UsageError(`--to may be at most ${dateOf(todayMs)}, because that day is not over or ended just now.`);
  const days = daysBetween(fromMs, toMs);
  if (days.length === 0) throw new UsageError(`--from must be before ${dateOf(toMs)}, the day after the last one.`);
  if (days.length > MAX_RANGE_DAYS)
    throw new UsageError(`At most ${MAX_RANGE_DAYS} days can be exported by one command, not ${days.length}.`);
  return days;
}

const dateOf = (timeMs: number): string => toIso(timeMs).slice(0, 'YYYY-MM-DD'.length);

function parseDateMs(text: string, flag: string): number {
  const timeMs = /^\d{4}-\d\d-\d\d$/.test(text) ? Date.parse(text) : Number.NaN;
  if (Number.isNaN(timeMs)) throw new UsageError(`${flag} requires a date like 2026-01-31, not "${text}".`);
  return timeMs;
}

/** Formats the exports that were requested, and how many existed. */
export function formatExports(exported: readonly ExportedDay[], all: number): string {
  const requested = exported.filter((day) => day.requested);
  const existing = exported.length - requested.length;
  const missing = all - exported.length;
  const summary = [
    `${countOf(requested.length, 'export')} requested`,
    ...(existing > 0 ? [`${existing} existed`] : []),
    ...(missing > 0 ? [`${missing} not finished; run the command again`] : []),
  ].join(', ');
  if (requested.length === 0) return summary;
  const rows = requested.map(({ date, kind, id, status, rows: count, reason = '' }) => [
    ...[date, kind, id, status, count, reason],
  ]);
  return `${table(['day', 'kind', 'id', 'status', 'rows', 'reason'], rows)}\n${summary}`;
}
