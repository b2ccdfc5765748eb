import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { Schedule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from '../../lambdas/balances/env.ts';
import { balancesRoutes } from '../../lambdas/balances/routes.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, minutes } from '../constructs/monitoring.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DataStack } from '../data.ts';

/** Balances to look at. Nothing is decided by them. */
export class Balances extends Context {
  readonly api: ContextApi;

  constructor(scope: Construct, config: StageConfig, { balances, payments }: DataStack) {
    super(scope, 'Balances', { config, errorImpact: 'Whoever looks at balances sees old ones, or none' });
    const values = { BALANCES_TABLE: balances.name };
    const { cachedForMs, syncEveryMinutes, bucketsPerSync } = config.readModel;

    this.api = new ContextApi(this, 'Api', {
      routes: balancesRoutes,
      entry: 'balances/api.ts',
      env: BalancesApiEnv,
      values: { ...values, CACHED_FOR_MS: String(cachedForMs) },
      access: [balances.reads],
    });
    new EventConsumer(this, 'OnBalanceUpdates', {
      queue: 'balance_updates',
      on: [AccountOpened, BalancesUpdated],
      entry: 'balances/on-balance-updates.ts',
      env: BalancesEnv,
      values,
      access: [balances.commits],
      errorImpact: 'Balances are shown as they were some time ago',
    });
    new ScheduledJob(this, 'SyncBalances', {
      entry: 'balances/sync-balances.ts',
      description: 'Compares the read model with the ledger, and puts it right',
      schedule: Schedule.expression(`cron(0/${syncEveryMinutes} * * * ? *)`),
      env: SyncEnv,
      values: { ...values, PAYMENTS_TABLE: payments.name, BUCKETS_PER_RUN: String(bucketsPerSync) },
      // the read that crosses contexts: the ledger, by payments' port
      access: [balances.commits, payments.reads],
      // half of it is for new buckets, the other half for ending those that are begun
      timeout: minutes(4),
      errorImpact: 'A balance that is shown wrong stays wrong',
    });
    const told = (metricName: string) =>
      new Metric({
        namespace: 'Oncebox',
        metricName,
        dimensionsMap: { service: 'balances' },
        period: minutes(5),
        statistic: 'Sum',
      });
    alarm(this, 'Drift', {
      name: 'drift',
      metric: told('Drift'),
      above: 0,
      errorImpact: 'Balances were shown that the ledger does not have',
      runbook: 'drift',
    });
    // the run goes well without them, so no alarm about errors would tell
    alarm(this, 'NotSynced', {
      name: 'balances-not-synced',
      metric: told('BucketsNotSynced'),
      above: 0,
      errorImpact: 'A balance that is shown wrong stays wrong',
      runbook: 'drift',
    });
  }
}
