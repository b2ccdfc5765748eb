import { publishOnce } from '../shared/outbox/answer-nudge.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import type { Report } from './report.ts';
import { parseReport, reportsList } from './report-row.ts';
import { publishRun } from './run-publication.ts';
import { reportsByTime } from './table.ts';

/** Only reports of this time are looked at. A report takes hours at the most. */
const LOOKED_AT_MS = 3 * 24 * 3600_000;
const LOOKED_AT = 100;
/** A message is retried for some minutes. A run that has not started after this time has lost its message, or waits. */
const LOST_AFTER_MS = 3600_000;

/**
 * Requests the run of each open report again in which nobody has worked for an hour, so that a lost event does not stop
 * a report for good. If its message only waits, the further one is a duplicate. Returns the number of these reports.
 */
export async function repeatLostRuns(work: UnitOfWork, nowMs: number): Promise<number> {
  const keys = await work.store.query({
    partition: reportsList,
    index: reportsByTime,
    newestFirst: true,
    above: toIso(nowMs - LOOKED_AT_MS),
    limit: LOOKED_AT,
  });
  const rows = keys.length > 0 ? await work.store.getMany(keys.map(({ pk, sk }) => ({ pk, sk }))) : [];
  const lost = rows.flatMap((row) => (row ? [parseReport(row)] : [])).filter((report) => isLost(report, nowMs));
  for (const report of lost) await repeatRun(work, report, nowMs);
  return lost.length;
}

const isLost = ({ status, created_at, leased_until }: Report, nowMs: number): boolean =>
  (status === 'queued' || status === 'running') &&
  nowMs - Math.max(Date.parse(created_at), leased_until) >= LOST_AFTER_MS;

/** Publishes the event once for each run of the schedule. */
async function repeatRun(work: UnitOfWork, { id, ...report }: Report, nowMs: number): Promise<void> {
  logger.warn('run of a report is requested again', { report_id: id, run: report.run, status: report.status });
  const nudge = `lost-${toIso(nowMs).slice(0, 'YYYY-MM-DDThh:mm'.length)}`;
  const cause = { time: toIso(work.clock.now()), correlation_id: id, causation_id: nudge, nudge };
  const { existing } = await publishOnce(work, () => publishRun({ id, ...report }, report.run, cause));
  if (existing) count('Duplicates');
}
