import type { Construct } from 'constructs';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentsEnv, PlanEnv } from '../../lambdas/payments/env.ts';
import { paymentsRoutes } from '../../lambdas/payments/routes.ts';
import { entriesByAccount } from '../../lambdas/payments/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import type { LedgerTable } from '../constructs/outbox-table.ts';
import { QueueConsumer } from '../constructs/queue-consumer.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import { WorkQueue } from '../constructs/work-queue.ts';
import { TICKS_PER_BATCH } from '../limits.ts';

/** Watches ticks that are too late. One late tick is harmless, because an update that is left out is never missed. */
function createTickAlarms(scope: Construct, errorImpact: string): void {
  for (const metric of ['TicksMissed', 'TicksDropped'] as const)
    alarm(scope, metric, {
      name: metric === 'TicksMissed' ? 'ticks-missed' : 'ticks-dropped',
      metric: createMetric(scope, metric),
      periods: 3,
      errorImpact,
      runbook: 'late-ticks',
    });
}

/** Creates the functions, queues and schedules of payments, the only context that moves money. */
export class Payments extends Context {
  constructor(scope: Construct, config: StageConfig, payments: LedgerTable) {
    super(scope, 'Payments', { config, errorImpact: 'Customers cannot pay, deposit money or read their balances' });
    const values = { PAYMENTS_TABLE: payments.name };
    const common = { env: PaymentsEnv, values, access: [payments.allows('BatchGetItem', 'PutItem', 'UpdateItem')] };

    new ContextApi(this, {
      routes: paymentsRoutes,
      ...common,
      access: [...common.access, payments.allows('GetItem', 'Query'), payments.queries(entriesByAccount)],
    });
    new EventConsumer(this, 'order-payments', {
      on: [OrderCreated],
      ...common,
      errorImpact: 'An order was placed, but its payment is not decided',
    });
    new EventConsumer(this, 'order-refunds-payments', {
      on: [RefundRequested],
      ...common,
      errorImpact: 'A customer waits for a refund',
    });

    const errorImpact = 'Balances of the update programme are not updated';
    // This queue has no rule: the planner sends its messages directly, with a delay until they are due.
    const ticks = new WorkQueue(this, 'BalanceTicks', { queue: 'balance-ticks', errorImpact });
    new QueueConsumer(this, 'OnBalanceTicks', ticks, {
      description: 'Updates the balances of one chunk',
      ...common,
      batchSize: TICKS_PER_BATCH,
    });
    new ScheduledJob(this, 'PlanTicks', {
      entry: 'payments/plan-ticks.ts',
      description: 'Plans the balance updates of one minute',
      everyMinutes: 1,
      enabled: config.balances.updates,
      env: PlanEnv,
      values: {
        ...values,
        TICKS_QUEUE_URL: ticks.queue.queueUrl,
        TICK_INTERVAL_S: String(config.balances.interval),
        CHUNKS_PER_TICK: String(config.balances.chunksPerTick),
      },
      access: [payments.allows('GetItem'), ticks.sends],
      // For a million users there are six times 10,310 messages to send.
      timeout: minutes(1),
      errorImpact,
    });
    if (config.balances.updates) createTickAlarms(this, errorImpact);
  }
}
