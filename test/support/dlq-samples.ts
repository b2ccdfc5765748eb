import type { Message } from '@aws-sdk/client-sqs';
import { type DlqMessage, parseDlqMessage } from '../../bin/ops/dlq-message.ts';
import { createTables, type Tables } from '../../bin/ops/tables.ts';
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
const causeAt = (time: string) => ({ time, correlation_id: orderId, causation_id: 'r1' });

export const orderCreated = (time = '2026-01-01T12:00:00.000Z', order_id = orderId): Envelope =>
  OrderCreated.make({ order_id, user_id: 'alice', amount: 10, created_at: time }, causeAt(time));

export const paymentAuthorized = (time = '2026-01-01T12:00:01.000Z'): Envelope =>
  PaymentAuthorized.make({ order_id: orderId, user_id: 'alice', amount: 10, balance_after: 0 }, causeAt(time));

export const ticketIssued = (): Envelope =>
  TicketIssued.make({ order_id: orderId, ticket_id: 't1' }, causeAt('2026-01-01T12:00:02.000Z'));

export const refundRequested = (): Envelope =>
  RefundRequested.make(
    { order_id: orderId, user_id: 'alice', amount: 10, reason: 'requested' },
    causeAt('2026-01-01T12:00:03.000Z'),
  );

export const productChanged = (version = 2): Envelope =>
  ProductChanged.make(
    { sku: 'gig', name: 'Gig', price: 5, capacity: 10, version },
    causeAt('2026-01-01T12:00:00.000Z'),
  );

export const stockChanged = (version = 2): Envelope =>
  StockChanged.make({ sku: 'gig', claimed: 1, version }, causeAt('2026-01-01T12:00:00.000Z'));

export const balancesUpdated = (version: number): Envelope =>
  BalancesUpdated.make(
    { entry_id: `order:${orderId}`, balances: [{ user_id: 'alice', balance: 10, version }] },
    causeAt('2026-01-01T12:00:01.000Z'),
  );

/** Creates the event of an external publisher, which knows the UID even if the document lacks it. */
export const documentSubmitted = (document: string): Envelope<OrderDocumentSubmitted> =>
  OrderDocumentSubmitted.make(
    { order_uid: String(/"order_uid":"([^"]*)"/.exec(document)?.[1]), document },
    causeAt('2026-01-01T12:00:00.000Z'),
  );

/** Returns the outbox record that holds these events. */
export function outboxRecordWith(...events: Envelope[]): Row {
  const write = createOutboxRecord({ aggregate: `ORDER#${orderId}`, events }, Date.parse(events[0]?.time ?? ''), false);
  if (write.op !== 'put') throw new Error('an outbox record is put');
  return write.row;
}

export const deadLetterWith = (body: unknown, message: Partial<Message> = {}): DlqMessage =>
  parseDlqMessage({
    MessageId: 'm1',
    ReceiptHandle: 'h1',
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    Attributes: { SentTimestamp: String(Date.UTC(2026, 0, 1, 12)) },
    ...message,
  });

/** Creates all tables in memory, with the given rows. */
export async function tablesWith(rows: Partial<Record<keyof Tables, readonly Row[]>> = {}): Promise<Tables> {
  const tables = createTables(() => createMemoryStore({ now: Date.now }));
  for (const [context, tableRows] of Object.entries(rows) as [keyof Tables, readonly Row[]][])
    await tables[context].write(
      tableRows.map((row) => ({ op: 'put', row })),
      't',
    );
  return tables;
}
