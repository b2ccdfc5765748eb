import * as z from 'zod/mini';
import { ReportId } from '../../events/ids.ts';
import { BigInteger, toBigInteger } from '../shared/http/big-integer.ts';
import { route } from '../shared/http/route.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { ReportsApiDeps } from './deps.ts';
import type { SignLink } from './object-store.ts';
import { formats, kinds, type Report } from './report.ts';
import { fileKey, fileName } from './report-row.ts';
import { keptDays } from './table.ts';

const DAY_MS = 24 * 3600_000;
/** Whoever has the link can download the file, so it is valid only for as long as a client needs to start. */
const LINK_VALID_S = 300;

export const ReportView = z.object({
  id: ReportId,
  kind: z.enum(kinds),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  format: z.enum(formats),
  status: z.enum(['queued', 'running', 'finished', 'failed']),
  /** The rows and sums so far, or of the whole report if it is finished. */
  rows: z.int(),
  sums: z.record(z.string(), BigInteger),
  created_at: z.iso.datetime(),
  finished_at: z.optional(z.iso.datetime()),
  bytes: z.optional(z.int()),
  /** Why a report has failed. */
  reason: z.optional(z.string()),
  /** A link to the file, until when it is valid, and until when the report can be downloaded by a new link. */
  url: z.optional(z.string()),
  url_expires_at: z.optional(z.iso.datetime()),
  expires_at: z.optional(z.iso.datetime()),
});

export const showReport = route(
  { params: z.strictObject({ id: ReportId }), returns: ReportView },
  async ({ params, now }, { reports, signLink }: ReportsApiDeps) => {
    const report = await reports.get(params.id);
    const { id, kind, from, to, format, status, rows, created_at, reason } = report;
    const sums = Object.fromEntries(Object.entries(report.sums).map(([name, sum]) => [name, toBigInteger(sum)]));
    const common = { id, kind, from, to, format, status, rows, sums, created_at };
    if (status === 'failed') return { ...common, reason };
    return status === 'finished' ? { ...common, ...(await describeFile(report, now, signLink)) } : common;
  },
);

/** Returns the link to the file of a finished report. Throws if the file has expired. */
async function describeFile(report: Report, now: number, signLink: SignLink) {
  const { finished_at = report.created_at, bytes, origin } = report;
  const days = origin === 'daily' ? keptDays.exports : keptDays.reports;
  const expiresMs = Date.parse(finished_at) + days * DAY_MS;
  if (now >= expiresMs)
    throw new Rejected(
      'report_expired',
      `The file of the report ${report.id} was kept for ${days} days. Request the report again.`,
      410,
    );
  const url = await signLink(fileKey(report), fileName(report), LINK_VALID_S);
  return { finished_at, bytes, url, url_expires_at: toIso(now + LINK_VALID_S * 1000), expires_at: toIso(expiresMs) };
}
