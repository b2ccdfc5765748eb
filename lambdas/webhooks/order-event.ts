import * as z from 'zod/mini';
import type { EventOf } from '../../events/envelope.ts';
import type { Item } from '../../events/items.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import { PaymentDeclined } from '../../events/payments/payment-declined.ts';
import { PaymentRefunded } from '../../events/payments/payment-refunded.ts';
import { TicketIssued } from '../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../events/tickets/ticket-rejected.ts';

/** The events that a webhook can get. */
export const orderEventTypes = [
  'order.created',
  'order.paid',
  'order.finished',
  'order.cancelled',
  'order.refunded',
] as const;
export type OrderEventType = (typeof orderEventTypes)[number];

/** Sent by `ops webhooks test`. No webhook subscribes to it. */
export const TEST_EVENT = 'webhook.test';

/**
 * An event as receivers get it. It is a contract of its own: internal events may change without it. Fields that only a
 * newer release knows are passed on.
 */
export const OrderEvent = z.looseObject({
  /** The same for each delivery of this event, so receivers recognize a repetition. */
  id: z.string(),
  type: z.enum([...orderEventTypes, TEST_EVENT]),
  version: z.literal(1),
  occurred_at: z.iso.datetime(),
  /** The position among the events of one order. Deliveries may arrive in any order. */
  sequence: z.int(),
  data: z.looseObject({}),
});
export type OrderEvent = z.infer<typeof OrderEvent>;

/** The internal events from which order events are made. Each of them is a decision that is final. */
export const sourceEvents = [
  OrderCreated,
  PaymentAuthorized,
  PaymentDeclined,
  TicketIssued,
  TicketRejected,
  PaymentRefunded,
] as const;
export type SourceEvent = EventOf<(typeof sourceEvents)[number]>;

const sequences: Readonly<Record<OrderEventType, number>> = {
  'order.created': 1,
  'order.paid': 2,
  'order.finished': 3,
  'order.cancelled': 3,
  'order.refunded': 4,
};

/**
 * Returns the order event that an internal event stands for. Each type occurs at most once for an order, so type and
 * order are its id. It has no user, no description and no balance: a receiver does not need them.
 */
export function toOrderEvent(event: SourceEvent): OrderEvent {
  const { type, data } = describe(event);
  return {
    id: `${type}:${event.data.order_id}`,
    type,
    version: 1,
    occurred_at: event.time,
    sequence: sequences[type],
    data: { order_id: event.data.order_id, ...data },
  };
}

/** Names the fields of the payload one by one, so that a new field of an internal event does not leave by itself. */
function describe({ type, data }: SourceEvent): { type: OrderEventType; data: Record<string, unknown> } {
  switch (type) {
    case 'OrderCreated':
      return { type: 'order.created', data: { amount: data.amount, ...itemsOf(data), created_at: data.created_at } };
    case 'PaymentAuthorized':
      return { type: 'order.paid', data: { amount: data.amount } };
    case 'TicketIssued':
      return { type: 'order.finished', data: { ticket_id: data.ticket_id, ...itemsOf(data) } };
    case 'PaymentDeclined':
    case 'TicketRejected':
      return { type: 'order.cancelled', data: { reason: data.reason } };
    case 'PaymentRefunded':
      return { type: 'order.refunded', data: { amount: data.amount } };
  }
}

const itemsOf = ({ items }: { readonly items?: readonly Item[] | undefined }) =>
  items ? { items: items.map(({ sku, quantity, seat }) => ({ sku, quantity, seat })) } : {};

/** Returns the event of a test. */
export const createTestEvent = (webhookId: string, testId: string, occurred_at: string): OrderEvent => ({
  id: `${TEST_EVENT}:${testId}`,
  type: TEST_EVENT,
  version: 1,
  occurred_at,
  sequence: 0,
  data: { webhook_id: webhookId },
});

/** The body of a message on `webhook-deliveries`: one event for one webhook. */
export const Delivery = z.object({ webhook_id: z.string(), event: OrderEvent });
export type Delivery = z.infer<typeof Delivery>;

/** Returns the delivery in a message, or why it is none. */
export function parseDelivery(body: string): Delivery | string {
  try {
    const { success, data, error } = Delivery.safeParse(JSON.parse(body));
    return success ? data : `not a delivery: ${error.issues.map(({ path }) => path.join('.') || 'body').join(', ')}`;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return `not JSON: ${error.message}`;
  }
}
