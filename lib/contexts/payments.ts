import { Duration } from 'aws-cdk-lib';
import { Schedule } from 'aws-cdk-lib/aws-events';
import type { Construct } from 'constructs';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentsEnv, PlanEnv } from '../../lambdas/payments/env.ts';
import { paymentsRoutes } from '../../lambdas/payments/routes.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { minutes } from '../constructs/monitoring.ts';
import type { LedgerTable } from '../constructs/outbox-table.ts';
import { QueueConsumer } from '../constructs/queue-consumer.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import { WorkQueue } from '../constructs/work-queue.ts';

/** The only place where money moves. */
export class Payments extends Context {
  readonly api: ContextApi;

  constructor(scope: Construct, config: StageConfig, payments: LedgerTable) {
    super(scope, 'Payments', { config, errorImpact: 'Customers cannot pay, or see what they have' });
    const env = PaymentsEnv;
    const values = { PAYMENTS_TABLE: payments.name };

    this.api = new ContextApi(this, 'Api', {
      routes: paymentsRoutes,
      entry: 'payments/api.ts',
      env,
      values,
      access: [payments.commits],
    });
    new EventConsumer(this, 'OnOrderPayments', {
      queue: 'order-payments',
      on: [OrderCreated],
      entry: 'payments/on-order-payments.ts',
      env,
      values,
      access: [payments.commits],
      errorImpact: 'A customer has ordered, and the order is not paid',
    });
    new EventConsumer(this, 'OnOrderRefundsPayments', {
      queue: 'order-refunds-payments',
      on: [RefundRequested],
      entry: 'payments/on-order-refunds-payments.ts',
      env,
      values,
      access: [payments.commits],
      errorImpact: 'A customer waits for money back',
    });

    const errorImpact = 'Balances stand still';
    // no rule feeds it: the planner puts messages straight onto it, to be received when they are due
    const ticks = new WorkQueue(this, 'BalanceTicks', {
      queue: 'balance-ticks',
      errorImpact,
      timeout: Duration.seconds(15),
    });
    new QueueConsumer(this, 'OnBalanceTicks', ticks, {
      entry: 'payments/on-balance-ticks.ts',
      description: 'Updates the balances of one chunk',
      env,
      values,
      access: [payments.commits],
      // each is a transaction of a hundred items
      batchSize: 2,
    });
    new ScheduledJob(this, 'PlanTicks', {
      entry: 'payments/plan-ticks.ts',
      description: 'Plans the minute of balance updates',
      schedule: Schedule.expression('cron(* * * * ? *)'),
      enabled: config.balances.updates,
      env: PlanEnv,
      values: {
        ...values,
        TICKS_QUEUE_URL: ticks.queue.queueUrl,
        TICK_INTERVAL_S: String(config.balances.interval),
        CHUNKS_PER_TICK: String(config.balances.chunksPerTick),
      },
      access: [payments.reads, ticks.sends],
      // for a million users there are six times ten thousand messages to send
      timeout: minutes(1),
      errorImpact,
    });
  }
}
