import type { Construct } from 'constructs';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { TicketsEnv } from '../../lambdas/tickets/env.ts';
import type { StageConfig } from '../config.ts';
import { Context } from '../constructs/context.ts';
import { EventConsumer } from '../constructs/event-consumer.ts';
import type { OutboxTable } from '../constructs/outbox-table.ts';

/** Two people never get one seat. */
export class Tickets extends Context {
  constructor(scope: Construct, config: StageConfig, tickets: OutboxTable) {
    super(scope, 'Tickets', { config, errorImpact: 'Customers have paid and get no tickets' });
    const env = TicketsEnv;
    const values = { TICKETS_TABLE: tickets.name };

    new EventConsumer(this, 'OnTicketIssuing', {
      queue: 'ticket-issuing',
      on: [PaymentAuthorized],
      entry: 'tickets/on-ticket-issuing.ts',
      env,
      values,
      access: [tickets.commits],
      errorImpact: 'A customer has paid and waits for a ticket',
    });
    new EventConsumer(this, 'OnOrderRefundsTickets', {
      queue: 'order-refunds-tickets',
      on: [RefundRequested],
      entry: 'tickets/on-order-refunds-tickets.ts',
      env,
      values,
      // a seat that is given back is gone from the table, so that the next one can take it
      access: [tickets.commits, tickets.deletes],
      errorImpact: 'A refund does not end, and seats that are free again are not for sale',
    });
    new EventConsumer(this, 'OnProductChanges', {
      queue: 'product-changes',
      on: [ProductChanged],
      entry: 'tickets/on-product-changes.ts',
      env,
      values,
      access: [tickets.commits],
      errorImpact: 'A new product cannot be sold, or more of one than there is',
    });
  }
}
