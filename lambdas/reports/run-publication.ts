import type { Cause } from '../../events/envelope.ts';
import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import type { Report } from './report.ts';
import { reportKey } from './report-row.ts';

/** Returns the publication that requests a run of a report. */
export const publishRun = (report: Report, run: number, cause: Cause): Publication => ({
  aggregate: reportKey(report.id).pk,
  events: [ReportRunRequested.make({ report_id: report.id, run }, cause)],
});
