import type { ReportRunRequested } from '../../events/reports/report-run-requested.ts';

export const kinds = ['orders', 'ledger', 'balances'] as const;
export const formats = ['csv', 'ndjson'] as const;
export type Kind = (typeof kinds)[number];
export type Format = (typeof formats)[number];

export type Status = 'queued' | 'running' | 'finished' | 'failed';

/** What a report contains: the records of one kind whose time is at least `from` and before `to`. */
export interface ReportRequest {
  readonly kind: Kind;
  readonly from: string;
  readonly to: string;
  readonly format: Format;
}

/** Sums of amounts by name. They may pass 2^53, so they are bigint. */
export type Sums = Readonly<Record<string, bigint>>;

/** What the run of a report has still to do. */
export type Phase = 'reading' | 'assembling';

export interface Report extends ReportRequest {
  readonly id: string;
  /** `daily` is an export by the schedule; its file is for Athena, and is kept for longer. */
  readonly origin: 'request' | 'daily';
  readonly status: Status;
  readonly phase: Phase;
  readonly created_at: string;
  readonly finished_at?: string | undefined;
  readonly reason?: string | undefined;
  readonly version: number;
  /** The number of the run that is requested or in progress. */
  readonly run: number;
  /**
   * The worker of that run, and until when no other worker may take over, in ms since the epoch. It is the time of the
   * end if a run has ended or was given up, and 0 before the first.
   */
  readonly worker: string;
  readonly leased_until: number;
  /** Where the source continues, as JSON. Absent before the first part and after the last. */
  readonly position?: string | undefined;
  readonly parts: number;
  readonly rows: number;
  readonly sums: Sums;
  /** The multipart upload of the file, and how many of its parts are written. */
  readonly upload_id?: string | undefined;
  readonly uploaded: number;
  readonly bytes: number;
}

export const MAX_RANGE_DAYS = 366;
/** The reports that may be queued or running at the same time. Each reads a whole table, so more would only wait. */
export const MAX_OPEN_REPORTS = 10;
/** The work of 5.6 hours, 20 s (`RUN_WORK_S`) in each run. A report that needs more is stopped and not continued. */
export const MAX_RUNS = 1000;

export const newReport = (
  id: string,
  origin: Report['origin'],
  { kind, from, to, format }: ReportRequest,
  created_at: string,
): Report => ({
  id,
  origin,
  kind,
  from,
  to,
  format,
  status: 'queued',
  phase: 'reading',
  created_at,
  version: 1,
  run: 1,
  worker: '',
  leased_until: 0,
  parts: 0,
  rows: 0,
  sums: {},
  uploaded: 0,
  bytes: 0,
});

/** What a worker that has received a message about a report does. */
export type RunDecision = 'start' | 'wait' | 'ignore';

/**
 * Decides about a message. A message of an earlier run is a duplicate, because a later run was requested only after all
 * that the earlier one had done was written. A message of the current run is a duplicate too, or the worker of that run
 * has ended: which of both is known when its lease ends.
 */
export function decideRun(
  { status, run, leased_until }: Report,
  message: ReportRunRequested,
  now: number,
): RunDecision {
  if (status === 'finished' || message.run < run) return 'ignore';
  return now < leased_until ? 'wait' : 'start';
}

export const addSums = (sums: Sums, more: Sums): Sums => {
  const total: Record<string, bigint> = { ...sums };
  for (const [name, amount] of Object.entries(more)) total[name] = (total[name] ?? 0n) + amount;
  return total;
};

/** Returns whether the postings of a ledger report sum to zero. Entries do, so a report of whole entries does too. */
export const isBalanced = ({ kind, sums }: Pick<Report, 'kind' | 'sums'>): boolean =>
  kind !== 'ledger' || (sums['total'] ?? 0n) === 0n;

const DAY_MS = 24 * 3600_000;

/** A day in UTC and its range. */
export interface Day {
  readonly date: string;
  readonly from: string;
  readonly to: string;
}

function dayFrom(startMs: number): Day {
  const from = new Date(startMs).toISOString();
  return { date: from.slice(0, 'YYYY-MM-DD'.length), from, to: new Date(startMs + DAY_MS).toISOString() };
}

export const startOfDay = (timeMs: number): number => Math.floor(timeMs / DAY_MS) * DAY_MS;

/** Returns the last full days before a time, the latest first. */
export const lastDays = (now: number, count: number): Day[] =>
  Array.from({ length: count }, (_, index) => dayFrom(startOfDay(now) - (index + 1) * DAY_MS));

/** Returns the days from the start of one to the start of another, which is left out, the earliest first. */
export const daysBetween = (fromMs: number, toMs: number): Day[] =>
  Array.from({ length: Math.max(0, (toMs - fromMs) / DAY_MS) }, (_, index) => dayFrom(fromMs + index * DAY_MS));
