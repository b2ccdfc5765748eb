import type { Construct } from 'constructs';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { OrdersEnv } from '../../lambdas/orders/env.ts';
import { ordersRoutes } from '../../lambdas/orders/routes.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';

/** From an order to its end. */
export class Orders extends Context {
  readonly api: ContextApi;

  constructor(scope: Construct, config: StageConfig, orders: OutboxTable) {
    super(scope, 'Orders', { config, errorImpact: 'Customers cannot order, or see their orders' });
    const env = OrdersEnv;
    const values = { ORDERS_TABLE: orders.name };

    this.api = new ContextApi(this, 'Api', {
      routes: ordersRoutes,
      entry: 'orders/api.ts',
      env,
      values,
      access: [orders.commits],
    });
    new EventConsumer(this, 'OnPaymentStatus', {
      queue: 'payment-status',
      on: [PaymentAuthorized, PaymentDeclined],
      entry: 'orders/on-payment-status.ts',
      env,
      values,
      access: [orders.commits],
      errorImpact: 'A customer has paid, and the order does not go on',
    });
  }
}
