import * as z from 'zod/mini';
import { ReportId } from '../../events/ids.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { ReportsApiDeps } from './deps.ts';
import { formats, kinds, MAX_RANGE_DAYS } from './report.ts';

const DAY_MS = 24 * 3600_000;
/** Reports contain the data of all customers, so their requests belong to the operator and not to a customer. */
const CALLER = 'operator';

/** Returns why `to` is not a possible end of a range, or nothing. Each time is checked by the schema before. */
function rangeError({ from, to }: { from: string; to: string }): string | undefined {
  const days = (Date.parse(to) - Date.parse(from)) / DAY_MS;
  if (days <= 0) return 'must be after from';
  return days > MAX_RANGE_DAYS ? `must be at most ${MAX_RANGE_DAYS} days after from` : undefined;
}

const NewReport = z
  .strictObject({ kind: z.enum(kinds), from: z.iso.datetime(), to: z.iso.datetime(), format: z.enum(formats) })
  .check((context) => {
    const message = rangeError(context.value);
    if (message) context.issues.push({ code: 'custom', path: ['to'], message, input: context.value.to });
  });

/** The report as it was requested. A repeated request gets the same response. */
export const RequestedReport = z.object({
  id: ReportId,
  kind: z.enum(kinds),
  from: z.iso.datetime(),
  to: z.iso.datetime(),
  format: z.enum(formats),
  status: z.literal('queued'),
  created_at: z.iso.datetime(),
});

export const requestReport = route(
  { body: NewReport, returns: RequestedReport, status: 202 },
  async ({ body, identify, correlationId, now }, { reports, settledAfterMs }: ReportsApiDeps) => {
    // Rows are compared with times of exactly this form.
    const request = { ...body, from: toIso(Date.parse(body.from)), to: toIso(Date.parse(body.to)) };
    if (Date.parse(request.to) > now - settledAfterMs) throw notSettled(settledAfterMs);
    const { report, isReplay } = await reports.request({ request, identity: identify(CALLER), correlationId });
    const { id, kind, from, to, format, created_at } = report;
    const requested = { id, kind, from, to, format, status: 'queued' as const, created_at };
    return new HttpResponse(requested, { Location: `/reports/${id}`, ...(isReplay && replayedHeader) });
  },
);

const notSettled = (settledAfterMs: number): Rejected =>
  new Rejected(
    'range_not_settled',
    `The end of the range must be at least ${settledAfterMs / 1000} seconds in the past, because rows of that time ` +
      'may still be written. Send the request again later, or with an earlier end.',
    422,
  );
