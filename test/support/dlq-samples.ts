import type { Message } from '@aws-sdk/client-sqs';
import { type DlqMessage, parseDlqMessage } from '../../bin/ops/dlq-message.ts';
import type { Tables } from '../../bin/ops/dry-run-consumers.ts';
import { ProductChanged } from '../../events/catalog/product-changed.ts';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import type { Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { StockChanged } from '../../events/tickets/stock-changed.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { createOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { createMemoryStore } from './memory-store.ts';

export const orderId = 'a'.repeat(26);
const cause = (time: string) => ({ time, correlation_id: orderId, causation_id: 'r1' });

export const created = (time = '2026-01-01T12:00:00.000Z', order_id = orderId): Envelope =>
  OrderCreated.make({ order_id, user_id: 'alice', amount: 10, created_at: time }, cause(time));

export const authorized = (time = '2026-01-01T12:00:01.000Z'): Envelope =>
  PaymentAuthorized.make({ order_id: orderId, user_id: 'alice', amount: 10, balance_after: 0 }, cause(time));

export const issued = (): Envelope =>
  TicketIssued.make({ order_id: orderId, ticket_id: 't1' }, cause('2026-01-01T12:00:02.000Z'));

export const refundRequested = (): Envelope =>
  RefundRequested.make(
    { order_id: orderId, user_id: 'alice', amount: 10, reason: 'requested' },
    cause('2026-01-01T12:00:03.000Z'),
  );

export const productChanged = (version = 2): Envelope =>
  ProductChanged.make({ sku: 'gig', name: 'Gig', price: 5, capacity: 10, version }, cause('2026-01-01T12:00:00.000Z'));

export const stockChanged = (version = 2): Envelope =>
  StockChanged.make({ sku: 'gig', claimed: 1, version }, cause('2026-01-01T12:00:00.000Z'));

export const balanceUpdated = (version: number): Envelope =>
  BalancesUpdated.make(
    { entry_id: `order:${orderId}`, balances: [{ user_id: 'alice', balance: 10, version }] },
    cause('2026-01-01T12:00:01.000Z'),
  );

/** By an outside publisher, who knows the UID also where the text says none. */
export const documentSubmitted = (document: string): Envelope<OrderDocumentSubmitted> =>
  OrderDocumentSubmitted.make(
    { order_uid: String(/"order_uid":"([^"]*)"/.exec(document)?.[1]), document },
    cause('2026-01-01T12:00:00.000Z'),
  );

/** The record that these events lie in. */
export function recordOf(...events: Envelope[]): Row {
  const write = createOutboxRecord({ aggregate: `ORDER#${orderId}`, events }, Date.parse(events[0]?.time ?? ''), false);
  if (write.op !== 'put') throw new Error('an outbox record is put');
  return write.row;
}

export const dead = (body: unknown, more: Partial<Message> = {}): DlqMessage =>
  parseDlqMessage({
    MessageId: 'm1',
    ReceiptHandle: 'h1',
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    Attributes: { SentTimestamp: String(Date.UTC(2026, 0, 1, 12)) },
    ...more,
  });

/** All tables, with what is decided in them. */
export async function tablesWith(rows: Partial<Record<keyof Tables, readonly Row[]>> = {}): Promise<Tables> {
  const filled = async (items: readonly Row[] = []) => {
    const store = createMemoryStore({ now: Date.now });
    if (items.length > 0)
      await store.write(
        items.map((row) => ({ op: 'put', row })),
        't',
      );
    return store;
  };
  return {
    payments: await filled(rows.payments),
    orders: await filled(rows.orders),
    tickets: await filled(rows.tickets),
    catalog: await filled(rows.catalog),
    balances: await filled(rows.balances),
    documents: await filled(rows.documents),
  };
}
