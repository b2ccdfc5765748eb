import type { Construct } from 'constructs';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from '../../lambdas/balances/env.ts';
import { balancesRoutes } from '../../lambdas/balances/routes.ts';
import { accountsByBucket } from '../../lambdas/payments/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DataStack } from '../data.ts';

/** The read model of balances. No decision about money depends on it. */
export class Balances extends Context {
  constructor(scope: Construct, config: StageConfig, { balances, payments }: DataStack) {
    super(scope, 'Balances', { config, errorImpact: 'Balances are shown outdated or not at all' });
    const values = { BALANCES_TABLE: balances.name };
    const { cachedForMs, syncEveryMinutes, bucketsPerSync } = config.readModel;

    new ContextApi(this, {
      routes: balancesRoutes,
      env: BalancesApiEnv,
      values: { ...values, CACHED_FOR_MS: String(cachedForMs) },
      access: [balances.allows('GetItem', 'Query')],
    });
    new EventConsumer(this, 'balance_updates', {
      on: [AccountOpened, BalancesUpdated],
      env: BalancesEnv,
      values,
      access: [balances.allows('BatchGetItem', 'PutItem')],
      errorImpact: 'Balances are shown outdated',
    });
    new ScheduledJob(this, 'SyncBalances', {
      entry: 'balances/sync-balances.ts',
      description: 'Compares the read model with the ledger and repairs it',
      everyMinutes: syncEveryMinutes,
      env: SyncEnv,
      values: { ...values, PAYMENTS_TABLE: payments.name, BUCKETS_PER_RUN: String(bucketsPerSync) },
      // The sync reads the ledger, which is in another context, through the port of payments.
      access: [
        balances.allows('GetItem', 'BatchGetItem', 'PutItem'),
        payments.allows('GetItem', 'BatchGetItem'),
        payments.queries(accountsByBucket),
      ],
      // The job starts new buckets in the first half of this time, and finishes the started ones in the second half.
      timeout: minutes(4),
      errorImpact: 'Wrong balances are not found and not repaired',
    });
    alarm(this, 'Drift', {
      name: 'drift',
      metric: createMetric(this, 'Drift'),
      errorImpact: 'Balances were shown that differ from the ledger',
      runbook: 'drift',
    });
    // A run succeeds even if some buckets fail, so the alarm on errors does not cover them.
    alarm(this, 'NotSynced', {
      name: 'balances-not-synced',
      metric: createMetric(this, 'BucketsNotSynced'),
      errorImpact: 'Wrong balances are not found and not repaired',
      runbook: 'drift',
    });
  }
}
