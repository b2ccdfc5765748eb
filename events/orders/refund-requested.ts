import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Amount } from '../money.ts';

export const RefundReason = z.enum(['sold_out', 'seat_taken', 'requested']);
export type RefundReason = z.infer<typeof RefundReason>;

/** An order must be reversed: payments refunds it, and tickets voids its ticket if one was issued. */
export const RefundRequested = defineEvent({
  source: 'orders',
  type: 'RefundRequested',
  version: 1,
  schema: z.object({
    order_id: OrderId,
    user_id: UserId,
    amount: Amount,
    reason: RefundReason,
    note: z.optional(z.string()),
  }),
  identityOf: (refund) => refund.order_id,
});
export type RefundRequested = z.infer<typeof RefundRequested.schema>;
