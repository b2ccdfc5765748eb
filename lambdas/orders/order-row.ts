import * as z from 'zod/mini';
import { Items } from '../../events/items.ts';
import { RefundReason } from '../../events/orders/refund-requested.ts';
import { DeclineReason } from '../../events/payments/payment-declined.ts';
import { TicketRejectionReason } from '../../events/tickets/ticket-rejected.ts';
import type { Receipts } from '../shared/messaging/receipt.ts';
import type { Order, OrderState } from './order.ts';

const OrderStatus = z.discriminatedUnion('status', [
  z.object({ status: z.literal('NEW') }),
  z.object({ status: z.literal('PAYMENT_AUTHORIZED') }),
  z.object({ status: z.literal('FINISHED') }),
  z.object({
    status: z.literal('REFUNDING'),
    reason: RefundReason,
    pending: z.array(z.enum(['payment', 'ticket'])),
  }),
  z.object({ status: z.literal('CANCELLED'), reason: z.union([DeclineReason, TicketRejectionReason]) }),
  z.object({ status: z.literal('REFUNDED') }),
]);

/** What is kept of an order. What a later version of it will add is not for this one to show. */
const OrderRow = z.object({
  id: z.string(),
  user_id: z.string(),
  amount: z.number(),
  description: z.optional(z.string()),
  items: z.optional(Items),
  metadata: z.optional(z.record(z.string(), z.string())),
  created_at: z.string(),
  updated_at: z.string(),
  version: z.number(),
  /** As one attribute, so that a step replaces it whole and nothing of the state before stays behind. */
  state: OrderStatus,
  receipts: z.optional(z.custom<Receipts>()),
});

export interface StoredOrder {
  readonly order: Order;
  readonly receipts: Receipts;
}

/** An order as its row has it. */
export function parseOrder(row: Readonly<Record<string, unknown>>): StoredOrder {
  const { receipts = {}, state, ...kept } = OrderRow.parse(row);
  return { order: { ...kept, ...(state as OrderState) }, receipts };
}
