import type * as z from 'zod/mini';
import type { ReportView } from '../../lambdas/reports/show-report.ts';
import { UserError } from '../../tools/user-error.ts';
import { getFromApi, parseResponse } from './api-client.ts';
import type { Printer } from './print.ts';
import type { Target } from './target.ts';
import { pause } from './watch.ts';

/** A report as GET /reports/{id} shows it. */
export type ShownReport = z.infer<typeof ReportView>;

const POLL_MS = 1000;

export async function getReport(target: Target, id: string): Promise<ShownReport> {
  const response = await getFromApi(target, `/reports/${encodeURIComponent(id)}`);
  if (response.status === 404)
    throw new UserError(`There is no report ${id} in stage ${target.stage}.`, 'npm run ops -- reports list');
  if (response.status === 410)
    throw new UserError(`The file of the report ${id} has expired.`, 'Request it again: npm run ops -- reports create');
  return parseResponse(response, 'reports-api');
}

/** Waits until a report has ended, and shows the number of its rows. Returns early when the signal is aborted. */
export async function waitForReport(
  target: Target,
  id: string,
  { print, signal }: { readonly print: Printer; readonly signal: AbortSignal },
): Promise<ShownReport> {
  for (;;) {
    const report = await getReport(target, id);
    const hasEnded = report.status === 'finished' || report.status === 'failed';
    if (hasEnded || signal.aborted) {
      print.progressDone();
      return report;
    }
    print.progress(`${report.status}, rows:`, report.rows);
    await pause(POLL_MS, signal);
  }
}

/** Describes a report in lines of name and value. The link is left out, since whoever has it can read the file. */
export const describeReport = ({ sums, url: _, ...report }: ShownReport): string[][] => [
  ...Object.entries(report).map(([name, value]) => [name.replaceAll('_', ' '), String(value)]),
  ...Object.entries(sums).map(([name, sum]) => [`sum of ${name}`, JSON.stringify(sum)]),
];
