import type { Construct } from 'constructs';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentsEnv } from '../../lambdas/payments/env.ts';
import { paymentsRoutes } from '../../lambdas/payments/routes.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { LedgerTable } from '../constructs/outbox-table.ts';

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
  }
}
