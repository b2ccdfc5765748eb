import type { Message } from '@aws-sdk/client-sqs';
import { type DeadMessage, deadMessage } from '../../../bin/ops/dead-message.ts';
import type { Envelope } from '../../../events/envelope.ts';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { memoryStore } from '../../../lambdas/shared/memory-store.ts';
import { outboxRecord } from '../../../lambdas/shared/outbox.ts';
import type { Item } from '../../../lambdas/shared/store.ts';

export const orderId = 'a'.repeat(26);
const cause = (time: string) => ({ time, correlation_id: orderId, causation_id: 'r1' });

export const created = (time = '2026-01-01T12:00:00.000Z', order_id = orderId): Envelope =>
  OrderCreated.make({ order_id, user_id: 'alice', amount: 10, created_at: time }, cause(time));

export const authorized = (time = '2026-01-01T12:00:01.000Z'): Envelope =>
  PaymentAuthorized.make({ order_id: orderId, user_id: 'alice', amount: 10, balance_after: 0 }, cause(time));

/** The record that these events lie in. */
export function recordOf(...events: Envelope[]): Item {
  const write = outboxRecord({ about: `ORDER#${orderId}`, events }, Date.parse(events[0]?.time ?? ''), false);
  if (write.op !== 'put') throw new Error('an outbox record is put');
  return write.item;
}

export const dead = (body: unknown, more: Partial<Message> = {}): DeadMessage =>
  deadMessage({
    MessageId: 'm1',
    ReceiptHandle: 'h1',
    Body: typeof body === 'string' ? body : JSON.stringify(body),
    Attributes: { SentTimestamp: String(Date.UTC(2026, 0, 1, 12)) },
    ...more,
  });

/** Both tables, with what is decided in them. */
export async function tablesWith(payments: Item[] = [], orders: Item[] = []) {
  const tables = { payments: memoryStore({ now: Date.now }), orders: memoryStore({ now: Date.now }) };
  if (payments.length > 0)
    await tables.payments.write(
      payments.map((item) => ({ op: 'put', item })),
      't',
    );
  if (orders.length > 0)
    await tables.orders.write(
      orders.map((item) => ({ op: 'put', item })),
      't',
    );
  return tables;
}
