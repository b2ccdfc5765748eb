import * as z from 'zod/mini';
import { expiresAt } from '../shared/outbox/outbox-record.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { formats, kinds, type Report } from './report.ts';
import { DAILY_FORMAT, folders } from './table.ts';

/** The partition of the index that lists all reports. */
export const reportsList = 'REPORTS';
/** A report is shown for 30 days, and its file is kept for less or for longer. */
const ROW_TTL_SECONDS = 30 * 24 * 3600;

export const reportKey = (id: string): Key => ({ pk: `REPORT#${id}`, sk: 'STATE' });
const numbered = (number: number): string => String(number).padStart(6, '0');
export const partKey = (id: string, number: number): Key => ({ ...reportKey(id), sk: `PART#${numbered(number)}` });
export const uploadKey = (id: string, number: number): Key => ({ ...reportKey(id), sk: `UPLOAD#${numbered(number)}` });
export const openReportsKey: Key = { pk: 'OPEN', sk: 'STATE' };

const ReportRow = z.object({
  id: z.string(),
  kind: z.enum(kinds),
  from: z.string(),
  to: z.string(),
  format: z.enum(formats),
  origin: z.enum(['request', 'daily']),
  status: z.enum(['queued', 'running', 'finished', 'failed']),
  phase: z.enum(['reading', 'assembling']),
  created_at: z.string(),
  finished_at: z.optional(z.string()),
  reason: z.optional(z.string()),
  version: z.number(),
  run: z.number(),
  worker: z.string(),
  leased_until: z.number(),
  position: z.optional(z.string()),
  parts: z.number(),
  rows: z.number(),
  /** The digits of each sum, because a number attribute is read as a double. */
  sums: z.record(z.string(), z.string()),
  upload_id: z.optional(z.string()),
  uploaded: z.number(),
  bytes: z.number(),
});

/** Returns the row of a new report. `list` and `listed_at` put it into the list of all reports. */
export const putNewReport = (report: Report, createdMs: number, request: Readonly<Record<string, unknown>>) =>
  ({
    op: 'put',
    row: {
      ...reportKey(report.id),
      ...report,
      sums: {},
      list: reportsList,
      listed_at: `${report.created_at}#${report.id}`,
      ...request,
      expires_at: expiresAt(createdMs, ROW_TTL_SECONDS),
    },
    when: absent,
  }) satisfies Write;

export const isExpired = (row: Row | undefined, nowMs: number): boolean => Number(row?.['expires_at']) * 1000 <= nowMs;

export function parseReport(row: Row): Report {
  const { sums, ...report } = ReportRow.parse(row);
  return { ...report, sums: Object.fromEntries(Object.entries(sums).map(([name, digits]) => [name, BigInt(digits)])) };
}

/** The attributes that a step changes. An attribute that the step leaves undefined keeps its value. */
export type ReportChange = Partial<Omit<Report, 'id' | 'kind' | 'from' | 'to' | 'format' | 'origin' | 'created_at'>>;

export const updateReport = ({ id, version }: Report, { sums, ...change }: ReportChange): Write => ({
  op: 'update',
  key: reportKey(id),
  set: {
    ...change,
    ...(sums && { sums: Object.fromEntries(Object.entries(sums).map(([name, sum]) => [name, String(sum)])) }),
    version: version + 1,
  },
  when: versionIs(version),
});

/** A part of a report: the object that was recorded for it, and its size. */
export interface Part {
  readonly key: string;
  readonly bytes: number;
}

const PartRow = z.object({ key: z.string(), bytes: z.number() });

export const parsePart = (row: Row): Part => PartRow.parse(row);

/** Parts and uploads are of use only while their report runs, and a report may be continued by a redrive. */
export const putPart = (report: Report, number: number, part: Part, nowMs: number): Write => ({
  op: 'put',
  row: { ...partKey(report.id, number), ...part, expires_at: expiresAt(nowMs) },
  when: absent,
});

export const putUpload = (report: Report, number: number, tag: string, nowMs: number): Write => ({
  op: 'put',
  // An upload that was removed is repeated, so the row may exist. The version of the report decides who writes it.
  row: { ...uploadKey(report.id, number), tag, expires_at: expiresAt(nowMs) },
});

const extension = (format: Report['format']): string => `${format}.gz`;

/** Returns where the file of a report is. Athena finds that of a daily export by its folder. */
export const fileKey = ({ id, kind, from, format, origin, created_at }: Report): string => {
  const date = (origin === 'daily' ? from : created_at).slice(0, 'YYYY-MM-DD'.length);
  return origin === 'daily'
    ? `${folders.exports}kind=${kind}/date=${date}/${kind}-${date}.${extension(DAILY_FORMAT)}`
    : `${folders.reports}date=${date}/${id}.${extension(format)}`;
};

/** Returns the name that a browser saves the file as. */
export const fileName = ({ kind, from, to, format }: Report): string =>
  `${[kind, from, to].join('_').replaceAll(/[^\w.-]/g, '-')}.${extension(format)}`;
