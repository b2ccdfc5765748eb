import type { Construct } from 'constructs';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { TicketsEnv } from '../../lambdas/tickets/env.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import { alarm, createMetric } from '../constructs/monitoring.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';

/** Issues and voids tickets. No seat is sold twice, and no product beyond its capacity. */
export class Tickets extends Context {
  constructor(scope: Construct, config: StageConfig, tickets: OutboxTable) {
    super(scope, 'Tickets', { config, errorImpact: 'Customers have paid and do not get their tickets' });
    const values = { TICKETS_TABLE: tickets.name };
    const common = { env: TicketsEnv, values, access: [tickets.allows('GetItem', 'PutItem', 'UpdateItem')] };

    new EventConsumer(this, 'ticket-issuing', {
      on: [PaymentAuthorized],
      ...common,
      access: [tickets.allows('BatchGetItem', 'PutItem', 'UpdateItem')],
      errorImpact: 'A customer has paid and waits for a ticket',
    });
    new EventConsumer(this, 'order-refunds-tickets', {
      on: [RefundRequested],
      ...common,
      // A released seat is deleted from the table, so that another order can claim it.
      access: [...common.access, tickets.allows('BatchGetItem'), tickets.deletes],
      errorImpact: 'Refunds do not complete, and the seats of refunded orders stay unavailable',
    });
    new EventConsumer(this, 'product-changes', {
      on: [ProductChanged],
      ...common,
      errorImpact: 'New products cannot be sold, or a product is sold beyond a lowered capacity',
    });
    alarm(this, 'MissingClaims', {
      name: 'missing-claims',
      metric: createMetric(this, 'MissingClaims'),
      errorImpact: 'The claims of a refunded ticket were not found, so stock or seats may be sold twice or not at all',
      runbook: 'missing-claims',
    });
  }
}
