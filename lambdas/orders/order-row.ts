import * as z from 'zod/mini';
import type { Envelope } from '../../events/envelope.ts';
import { Items } from '../../events/items.ts';
import { RefundReason } from '../../events/orders/refund-requested.ts';
import { DeclineReason } from '../../events/payments/payment-declined.ts';
import { TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';
import type { RequestIdentity } from '../shared/http/idempotency.ts';
import type { Receipts } from '../shared/messaging/receipt.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { Key, Row } from '../shared/store/store.ts';
import type { Order, OrderState, PlacedOrder } from './order.ts';
import { publishedMinuteKey } from './sweep-schedule.ts';

export const orderKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'STATE' });
export const refundKey = (id: string): Key => ({ pk: `ORDER#${id}`, sk: 'REFUND' });

/** Returns the sort value of an order in the list of its user: sorted by time, and unique because of the id. */
export const placedAtId = ({ created_at, id }: Pick<PlacedOrder, 'created_at' | 'id'>): string => `${created_at}#${id}`;

const OrderStatus = z.discriminatedUnion('status', [
  z.object({ status: z.literal('NEW') }),
  z.object({ status: z.literal('PAYMENT_AUTHORIZED') }),
  z.object({ status: z.literal('FINISHED') }),
  z.object({
    status: z.literal('REFUNDING'),
    refund_reason: RefundReason,
    pending: z.array(z.enum(['payment', 'ticket'])),
  }),
  z.object({ status: z.literal('CANCELLED'), reason: z.union([DeclineReason, TicketRejectionReason]) }),
  z.object({ status: z.literal('REFUNDED') }),
]);

/** The attributes of an order. Attributes that a later version adds are ignored. */
const OrderRow = z.object({
  id: z.string(),
  user_id: z.string(),
  amount: z.number(),
  description: z.optional(z.string()),
  items: z.optional(Items),
  pricing: z.optional(
    z.object({
      rules_version: z.number(),
      quote_id: z.optional(z.string()),
      lines: z.array(z.object({ list_price: z.number(), price: z.number(), rules: z.array(z.string()) })),
    }),
  ),
  cart_id: z.optional(z.string()),
  metadata: z.optional(z.record(z.string(), z.string())),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
  /** One attribute, so that a step replaces it as a whole and no field of the previous state remains. */
  state: OrderStatus,
  receipts: z.optional(z.custom<Receipts>()),
});

interface StoredOrder {
  readonly order: Order;
  readonly receipts: Receipts;
}

/** Returns the row of a new order. The `body_hash` makes the row the record of the request as well. */
export const createOrderRow = ({ status: _, ...placed }: Order, { body_hash }: RequestIdentity): Row => ({
  ...orderKey(placed.id),
  ...placed,
  state: { status: 'NEW' },
  placed_at_id: placedAtId(placed),
  body_hash,
});

export function parseOrder(row: Row): StoredOrder {
  const { receipts = {}, state, ...attributes } = OrderRow.parse(row);
  return { order: { ...attributes, ...(state as OrderState) }, receipts };
}

/** How long a refusal is kept. A write without a response is applied within seconds, or never. */
const REFUSAL_TTL_SECONDS = 3600;

/**
 * Returns the row of a request that was refused, under the key that its order, or the record of its Idempotency-Key,
 * would have. Its version counts down from -1 with each refusal, so that no order has the version of a refusal.
 */
export const createRefusalRow = ({ pk, sk }: Key, before: Row | undefined, nowMs: number): Row => ({
  pk,
  sk,
  refused: true,
  version: (before ? versionOf(before) : 0) - 1,
  expires_at: Math.ceil(nowMs / 1000) + REFUSAL_TTL_SECONDS,
});

export const isRefusal = (row: Row): boolean => row['refused'] === true;
export const versionOf = (row: Row): number => Number(row['version']);

/**
 * Returns the order of a row, and throws if there is no row. A consumer does not wait for the row either, because
 * events about an order are published only after the order is written.
 */
export function requireOrder(id: string, row: Row | undefined): StoredOrder {
  if (!row || isRefusal(row)) throw new Rejected('order_not_found', `There is no order ${id}.`, 404);
  return parseOrder(row);
}

/**
 * Returns the publication of an order's own event, and of other events that the same step causes. Its outbox record is
 * indexed by minute, so the sweep can find it, and named after the first event, by which the sweep knows the step.
 */
export const createPublication = (id: string, event: Envelope, ...others: readonly Envelope[]): Publication => ({
  aggregate: orderKey(id).pk,
  events: [event, ...others],
  index: { published_minute: publishedMinuteKey(Date.parse(event.time), id) },
});
