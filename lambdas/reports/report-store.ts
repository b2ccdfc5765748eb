import type { EventOf } from '../../events/envelope.ts';
import type { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { causeOf } from '../shared/messaging/receipt.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Busy, Rejected } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import type { Reader, Row, Write } from '../shared/store/store.ts';
import { requestDailyExports, requestExport } from './daily-exports.ts';
import { repeatLostRuns } from './lost-runs.ts';
import { addToOpen, parseOpen, removeFromOpen } from './open-reports.ts';
import { type Day, decideRun, type Kind, newReport, type Report, type ReportRequest } from './report.ts';
import {
  isExpired,
  openReportsKey,
  type Part,
  parsePart,
  parseReport,
  putNewReport,
  type ReportChange,
  reportKey,
  updateReport,
} from './report-row.ts';
import { publishRun } from './run-publication.ts';
import { RUN_TIMEOUT_S } from './table.ts';

export type RunEvent = EventOf<typeof ReportRunRequested>;

interface NewRequest {
  readonly request: ReportRequest;
  readonly identity: RequestIdentity;
  readonly correlationId: string;
}

/** A step of a run: what it changes in the report, and the rows that it writes with that. */
interface Step {
  readonly change: ReportChange;
  readonly writes?: readonly Write[];
  /** Whether the run ends with this step, so that the next one is requested. */
  readonly isLast?: boolean;
}

/** Creates the store of reports. */
export function reportStore(work: UnitOfWork) {
  const { store } = work;
  return {
    request: (request: NewRequest) => requestOnce(work, request),
    requestDailyExports: (nowMs: number) => requestDailyExports(work, nowMs),
    repeatLostRuns: (nowMs: number) => repeatLostRuns(work, nowMs),
    requestExport: (kind: Kind, day: Day) => requestExport(work, kind, day),
    get: async (id: string): Promise<Report> => {
      const row = await store.get(reportKey(id));
      // TTL deletes a row up to days after its expiry.
      return requireReport(id, isExpired(row, work.clock.now()) ? undefined : row);
    },
    /** Takes over the run that a message requests. Returns nothing if it has been done. */
    startRun: (event: RunEvent, worker: string) => startRun(work, event, worker),
    /** Writes a step of a run, and returns the report after it. Throws `Busy` if another worker has taken over. */
    advance: (report: Report, step: Step, event: RunEvent) => advance(work, report, step, event),
    finish: (report: Report, bytes: number, event: RunEvent) => finish(work, report, bytes, event),
    /** Lets another run start at once instead of after the lease. */
    release: async (report: Report, event: RunEvent): Promise<void> =>
      void (await advance(work, report, { change: { leased_until: work.clock.now() } }, event)),
    fail: (event: RunEvent, reason: string) => fail(work, event, reason),
    listParts: async (id: string): Promise<Part[]> => {
      const rows = await store.query({ partition: reportKey(id).pk, above: 'PART#' });
      return rows.filter(({ sk }) => sk.startsWith('PART#')).map(parsePart);
    },
    listUploadTags: async (id: string, uploads: number): Promise<string[]> => {
      // An upload that was repeated with fewer parts would have left rows behind the last one.
      const rows = await store.query({ partition: reportKey(id).pk, above: 'UPLOAD#', limit: uploads });
      return rows.map(({ tag }) => String(tag));
    },
  };
}
export type ReportStore = ReturnType<typeof reportStore>;

const notFound = (id: string): Rejected => new Rejected('report_not_found', `There is no report ${id}.`, 404);

function requireReport(id: string, row: Row | undefined): Report {
  if (!row) throw notFound(id);
  return parseReport(row);
}

/** Creates a report under the id of its request, so that a repeated request finds it and creates no other. */
async function requestOnce(work: UnitOfWork, { request, identity, correlationId }: NewRequest) {
  const { id, body_hash } = identity;
  const replay = (row: Row) => {
    assertSameRequest(row, identity);
    return { report: parseReport(row), isReplay: identity.hasKey };
  };
  const { result, existing } = await commitOnce(work, async (read) => {
    // The limit is read before the row: if another attempt of this request has reached it, its report is found.
    const openRow = await read.get(openReportsKey);
    const row = await read.get(reportKey(id));
    if (row) return { writes: [], result: replay(row) };
    const nowMs = work.clock.now();
    const report = newReport(id, 'request', request, toIso(nowMs));
    const cause = { time: report.created_at, correlation_id: id, causation_id: correlationId };
    return {
      writes: [
        { ...putNewReport(report, nowMs, { body_hash }), decides: true },
        addToOpen(parseOpen(openRow), id, nowMs),
      ],
      publish: [publishRun(report, report.run, cause)],
      result: { report, isReplay: false },
    };
  });
  return existing ? replay(existing) : result;
}

async function startRun(work: UnitOfWork, { data }: RunEvent, worker: string): Promise<Report | undefined> {
  const { report, decision } = await commit(work, async (read) => {
    const report = requireReport(data.report_id, await read.get(reportKey(data.report_id)));
    // An earlier attempt of this write got no response and was applied.
    if (report.worker === worker) return { writes: [], result: { report, decision: 'start' } };
    const nowMs = work.clock.now();
    const decision = decideRun(report, data, nowMs);
    if (decision !== 'start') return { writes: [], result: { report, decision } };
    const change = { status: 'running', worker, leased_until: nowMs + RUN_TIMEOUT_S * 1000 } as const;
    const started = { ...report, ...change, version: report.version + 1 };
    return { writes: [updateReport(report, change)], result: { report: started, decision } };
  });
  if (decision === 'wait') throw new Busy(`another worker is working on the report ${report.id}`);
  return decision === 'start' ? report : undefined;
}

/** Writes a change of a report that was read or written by this worker, unless another worker has changed it since. */
async function advance(
  work: UnitOfWork,
  report: Report,
  { change, writes = [], isLast = false }: Step,
  event: RunEvent,
): Promise<Report> {
  const nextRun = isLast ? { run: report.run + 1, leased_until: work.clock.now() } : {};
  const next = { ...report, ...change, ...nextRun, version: report.version + 1 };
  await commit(work, async (read): Promise<Change<void>> => {
    if (await isWritten(read, report, next)) return { writes: [], result: undefined };
    return {
      writes: [updateReport(report, { ...change, ...nextRun }), ...writes],
      publish: isLast ? [publishRun(report, next.run, causeOf(event, work.clock.now()))] : [],
      result: undefined,
    };
  });
  return next;
}

/** Returns whether an earlier attempt of a write was applied. Throws if another worker has taken over. */
async function isWritten(read: Reader, report: Report, next: Report): Promise<boolean> {
  const current = requireReport(report.id, await read.get(reportKey(report.id)));
  if (current.version === report.version) return false;
  if (current.version === next.version && current.worker === report.worker) return true;
  throw new LostLease(`another worker has taken over the report ${report.id}`);
}

/** Another worker has taken over. `commit` would repeat `Busy`, but a repetition cannot help. */
export class LostLease extends Error {
  override readonly name = 'LostLease';
}

async function finish(work: UnitOfWork, report: Report, bytes: number, event: RunEvent): Promise<void> {
  await commit(work, async (read): Promise<Change<void>> => {
    const finished_at = toIso(work.clock.now());
    const change = { status: 'finished', bytes, finished_at, leased_until: 0 } as const;
    const next = { ...report, ...change, version: report.version + 1 };
    if (await isWritten(read, report, next)) return { writes: [], result: undefined };
    const open = parseOpen(await read.get(openReportsKey));
    return { writes: [updateReport(report, change), ...removeFromOpen(open, report.id)], result: undefined };
  });
  count('ReportsFinished');
  logger.info('report finished', { report_id: report.id, rows: report.rows, bytes, runs: event.data.run });
}

/** Records that a report has failed for good. A later redrive of its message continues it. */
async function fail(work: UnitOfWork, { data }: RunEvent, reason: string): Promise<void> {
  const hasFailed = await commit(work, async (read): Promise<Change<boolean>> => {
    const row = await read.get(reportKey(data.report_id));
    const report = row && parseReport(row);
    if (!report || decideRun(report, data, Number.POSITIVE_INFINITY) === 'ignore') return { writes: [], result: false };
    const change = { status: 'failed', reason, leased_until: 0 } as const;
    const open = parseOpen(await read.get(openReportsKey));
    const writes = [updateReport(report, change), ...removeFromOpen(open, report.id)];
    return { writes, result: true };
  });
  if (hasFailed) count('ReportsFailed');
}
