import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { deriveId } from '../shared/runtime/ids.ts';
import { logger } from '../shared/runtime/observability.ts';
import { commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { type Day, type Kind, kinds, lastDays, newReport } from './report.ts';
import { isExpired, parseReport, putNewReport, reportKey } from './report-row.ts';
import { publishRun } from './run-publication.ts';
import { DAILY_FORMAT } from './table.ts';

/** The days before today whose exports the schedule checks, so that an outage of a day loses none. */
const EXPORTED_DAYS = 3;
/** How many exports of one kind and day may fail before an operator must look at them. Their rows expire in 30 days. */
const MAX_ATTEMPTS = 10;

/** An export, and whether it was requested just now. */
export interface RequestedExport {
  readonly id: string;
  readonly isNew: boolean;
}

/** Returns the id of an export, which derives from its kind and day. A further attempt has an id of its own. */
const exportId = (kind: Kind, date: string, attempt: number): string =>
  deriveId('daily export', kind, date, ...(attempt === 1 ? [] : [String(attempt)]));

/**
 * Requests the exports of the last days that do not exist yet. One that has failed exists: its dead letter continues
 * it, and a repetition without a repair would fail again every half hour.
 */
export async function requestDailyExports(work: UnitOfWork, nowMs: number): Promise<number> {
  const exports = lastDays(nowMs, EXPORTED_DAYS).flatMap((day) =>
    kinds.map((kind) => ({ day, kind, id: exportId(kind, day.date, 1) })),
  );
  const rows = await work.store.getMany(exports.map(({ id }) => reportKey(id)));
  const missing = exports.filter((_, index) => !rows[index]);
  // The earliest first, since its range is the next to leave these days.
  for (const { id, kind, day } of missing.toReversed()) await requestDaily(work, id, kind, day);
  logger.info('daily exports requested', { exports: missing.map(({ kind, day }) => `${kind} ${day.date}`) });
  return missing.length;
}

/**
 * Requests the export of one kind and day, of any day that is over, unless one exists that has not failed. A new
 * attempt writes the same file. If the failed one is continued too, both write the same rows.
 */
export async function requestExport(work: UnitOfWork, kind: Kind, day: Day): Promise<RequestedExport> {
  const ids = Array.from({ length: MAX_ATTEMPTS }, (_, index) => exportId(kind, day.date, index + 1));
  const rows = await work.store.getMany(ids.map(reportKey));
  const existing = rows
    .flatMap((row) => (row && !isExpired(row, work.clock.now()) ? [parseReport(row)] : []))
    .find(({ status }) => status !== 'failed');
  if (existing) return { id: existing.id, isNew: false };
  const id = ids.find((_, index) => !rows[index]);
  if (id === undefined)
    throw new Rejected(
      'too_many_attempts',
      `${MAX_ATTEMPTS} exports of ${kind} of ${day.date} have failed. Find the reason of the last one, then redrive its dead letter.`,
    );
  await requestDaily(work, id, kind, day);
  return { id, isNew: true };
}

const requestDaily = (work: UnitOfWork, id: string, kind: Kind, { from, to }: Day) =>
  commitOnce(work, async () => {
    const nowMs = work.clock.now();
    const report = newReport(id, 'daily', { kind, from, to, format: DAILY_FORMAT }, toIso(nowMs));
    const cause = { time: report.created_at, correlation_id: id, causation_id: 'daily export' };
    return {
      writes: [{ ...putNewReport(report, nowMs, {}), decides: true }],
      publish: [publishRun(report, report.run, cause)],
      result: undefined,
    };
  });
