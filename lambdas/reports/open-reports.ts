import * as z from 'zod/mini';
import { Rejected } from '../shared/runtime/errors.ts';
import { absent, type Row, versionIs, type Write } from '../shared/store/store.ts';
import { MAX_OPEN_REPORTS } from './report.ts';
import { openReportsKey } from './report-row.ts';

const OpenRow = z.object({ version: z.number(), reports: z.record(z.string(), z.number()) });

/** The requested reports that have not ended, with the time of each request. Version 0 means that there is no row. */
type OpenReports = z.infer<typeof OpenRow>;

/** A report that has not ended after a day does not count any more, so that no lost message closes the route. */
const MAX_AGE_MS = 24 * 3600_000;

export const parseOpen = (row: Row | undefined): OpenReports =>
  row ? OpenRow.parse(row) : { version: 0, reports: {} };

/** Adds a report. Rejects it if too many are open, because each of them reads a whole table. */
export function addToOpen({ version, reports }: OpenReports, id: string, nowMs: number): Write {
  const recent = Object.entries(reports).filter(([, requestedMs]) => nowMs - requestedMs < MAX_AGE_MS);
  if (recent.length >= MAX_OPEN_REPORTS)
    throw new Rejected(
      'too_many_reports',
      `${MAX_OPEN_REPORTS} reports are queued or running. Request this one when one of them has ended.`,
      429,
    );
  const fields = { reports: { ...Object.fromEntries(recent), [id]: nowMs }, version: version + 1 };
  return version === 0
    ? { op: 'put', row: { ...openReportsKey, ...fields }, when: absent }
    : { op: 'update', key: openReportsKey, set: fields, when: versionIs(version) };
}

/** Removes a report, if it is there: a daily export never is. */
export function removeFromOpen({ version, reports }: OpenReports, id: string): Write[] {
  if (!(id in reports)) return [];
  const { [id]: _, ...others } = reports;
  const set = { reports: others, version: version + 1 };
  return [{ op: 'update', key: openReportsKey, set, when: versionIs(version) }];
}
