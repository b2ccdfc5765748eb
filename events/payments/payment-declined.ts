import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Amount } from '../money.ts';

export const DeclineReason = z.enum(['insufficient_funds', 'account_not_found']);
export type DeclineReason = z.infer<typeof DeclineReason>;

/** The order cannot be paid, and no account was debited. This is final: a later deposit does not change it. */
export const PaymentDeclined = defineEvent({
  source: 'payments',
  type: 'PaymentDeclined',
  version: 1,
  schema: z.object({ order_id: OrderId, user_id: UserId, amount: Amount, reason: DeclineReason }),
  identityOf: (payment) => payment.order_id,
});
