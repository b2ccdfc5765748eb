import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Amount } from '../money.ts';

export const RefundCause = z.enum(['sold_out', 'seat_taken', 'requested']);
export type RefundCause = z.infer<typeof RefundCause>;

/** An order is to be undone: its money goes back, and its ticket, where there is one, is void. */
export const RefundRequested = defineEvent(
  'orders',
  'RefundRequested',
  1,
  z.object({ order_id: OrderId, user_id: UserId, amount: Amount, because: RefundCause, note: z.optional(z.string()) }),
  (refund) => refund.order_id,
);
export type RefundRequested = z.infer<typeof RefundRequested.schema>;
