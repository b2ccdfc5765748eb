import type { Construct } from 'constructs';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';
import { TicketVoided } from '../../events/tickets/ticket-voided.ts';
import { OrdersApiEnv, OrdersEnv, SweepEnv } from '../../lambdas/orders/env.ts';
import { ordersRoutes } from '../../lambdas/orders/routes.ts';
import { ordersByUser, publishedByMinute } from '../../lambdas/orders/table.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { ContextApi } from '../constructs/context-api.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import { ScheduledJob } from '../constructs/scheduled-job.ts';
import type { DataStack } from '../data.ts';

/** The orders context: the saga that leads each order to its end. */
export class Orders extends Context {
  constructor(scope: Construct, config: StageConfig, { orders, payments, tickets, catalog, documents }: DataStack) {
    super(scope, 'Orders', { config, errorImpact: 'Customers cannot place orders or see them' });
    const values = { ORDERS_TABLE: orders.name };
    const common = { env: OrdersEnv, values, access: [orders.allows('GetItem', 'PutItem', 'UpdateItem')] };

    new ContextApi(this, {
      routes: ordersRoutes,
      env: OrdersApiEnv,
      // Two reads cross contexts: prices and carts in catalog, and an order's rows in payments and tickets for the
      // workflow view. One write crosses contexts: an order document is passed to the documents context.
      values: {
        ...values,
        CATALOG_TABLE: catalog.name,
        PAYMENTS_TABLE: payments.name,
        TICKETS_TABLE: tickets.name,
        DOCUMENTS_TABLE: documents.name,
      },
      access: [
        ...common.access,
        orders.allows('BatchGetItem', 'Query'),
        orders.queries(ordersByUser),
        catalog.allows('BatchGetItem', 'GetItem'),
        payments.allows('Query'),
        tickets.allows('Query'),
        documents.allows('PutItem'),
      ],
    });
    new EventConsumer(this, 'payment-status', {
      on: [PaymentAuthorized, PaymentDeclined, PaymentRefunded],
      ...common,
      errorImpact: 'A customer has paid, but the order does not proceed',
    });
    new EventConsumer(this, 'ticket-status', {
      on: [TicketIssued, TicketRejected, TicketVoided],
      ...common,
      errorImpact: 'A customer has a ticket or waits for a refund, but the order does not show it',
    });
    new ScheduledJob(this, 'NudgeStuckOrders', {
      entry: 'orders/nudge-stuck-orders.ts',
      description: 'Nudges the orders that have waited beyond the limit',
      everyMinutes: 1,
      env: SweepEnv,
      values: { ...values, STUCK_AFTER_MINUTES: String(config.stuckAfterMinutes) },
      access: [orders.allows('BatchGetItem', 'PutItem'), orders.queries(publishedByMinute)],
      // After an outage, one run may have to nudge thousands of orders.
      timeout: minutes(2),
      errorImpact: 'An order whose event was lost does not proceed',
    });
    alarm(this, 'Stuck', {
      name: 'stuck-orders',
      metric: createMetric(this, 'OrdersStuckForLong'),
      errorImpact: 'Orders still wait although they were nudged several times',
      runbook: 'stuck-orders',
      isEssential: true,
    });
    alarm(this, 'NotNudged', {
      name: 'nudges-failed',
      metric: createMetric(this, 'NudgesFailed'),
      errorImpact: 'An order that waits was not nudged, so it does not proceed',
      runbook: 'failed-nudges',
    });
  }
}
