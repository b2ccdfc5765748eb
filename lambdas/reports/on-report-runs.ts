import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import { consume } from '../shared/messaging/consume.ts';
import { runDeps } from './deps.ts';
import { runReport } from './run-report.ts';

export const handler = consume(
  [ReportRunRequested],
  runDeps,
  (event, deps, context) => runReport(deps, event, context),
  (event, { reason }, { reports }) => reports.fail(event, reason),
);
