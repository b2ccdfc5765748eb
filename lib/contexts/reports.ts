import { Duration } from 'aws-cdk-lib';
import type { Construct } from 'constructs';
import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import { accountsByBucket, entriesByAccount } from '../../lambdas/payments/table.ts';
import { ExportsEnv, ReportsApiEnv, RunEnv } from '../../lambdas/reports/env.ts';
import { reportsRoutes } from '../../lambdas/reports/routes.ts';
import { RUN_TIMEOUT_S, reportsByTime } from '../../lambdas/reports/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, createMetric } from '../constructs/monitoring.ts';
import { ReportBucket } from '../constructs/report-bucket.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DataStack } from '../data.ts';
import { REPORT_RUNS_PER_BATCH } from '../limits.ts';

/** The minutes between two checks of the daily exports. A check finds what is missing, so most of them do nothing. */
const CHECK_EXPORTS_MINUTES = 30;

/** Exports orders, the ledger and balances to files. It reads the tables of orders and payments, and writes neither. */
export class Reports extends Context {
  constructor(scope: Construct, config: StageConfig, { reports, orders, payments }: DataStack) {
    super(scope, 'Reports', { config, errorImpact: 'Reports cannot be requested or downloaded' });
    const bucket = new ReportBucket(this, 'Files', config);
    const settled = { SETTLED_AFTER_S: String(config.reports.settledAfterSeconds) };
    const values = { REPORTS_TABLE: reports.name };

    new ContextApi(this, {
      routes: reportsRoutes,
      env: ReportsApiEnv,
      values: { ...values, ...settled, REPORTS_BUCKET: bucket.name },
      // The links to files have the permissions of this function, and are for finished files only.
      access: [reports.allows('GetItem', 'PutItem', 'UpdateItem'), bucket.reads('reports', 'exports')],
    });
    new EventConsumer(this, 'report-runs', {
      on: [ReportRunRequested],
      env: RunEnv,
      values: {
        ...values,
        REPORTS_BUCKET: bucket.name,
        ORDERS_TABLE: orders.name,
        PAYMENTS_TABLE: payments.name,
      },
      access: [
        reports.allows('GetItem', 'Query', 'PutItem', 'UpdateItem'),
        orders.allows('Scan'),
        payments.allows('Scan', 'GetItem', 'BatchGetItem', 'Query'),
        payments.queries(accountsByBucket),
        payments.queries(entriesByAccount),
        bucket.reads('parts'),
        bucket.writes('parts', 'reports', 'exports'),
      ],
      batchSize: REPORT_RUNS_PER_BATCH,
      timeout: Duration.seconds(RUN_TIMEOUT_S),
      errorImpact: 'A report is not finished',
    });
    new ScheduledJob(this, 'PlanDailyExports', {
      entry: 'reports/plan-daily-exports.ts',
      description: 'Requests the exports of the last days that are missing, and runs of reports that were lost',
      everyMinutes: CHECK_EXPORTS_MINUTES,
      enabled: config.reports.dailyExports,
      env: ExportsEnv,
      values: { ...values, ...settled },
      access: [reports.allows('BatchGetItem', 'PutItem'), reports.queries(reportsByTime)],
      errorImpact: 'The exports of a day are missing in Athena',
    });
    alarm(this, 'Failed', {
      name: 'reports-failed',
      metric: createMetric(this, 'ReportsFailed'),
      errorImpact: 'A report has failed and is not continued',
      runbook: 'failed-reports',
    });
  }
}
