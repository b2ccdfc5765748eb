import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Amount, Money } from '../money.ts';

/** The order's amount was credited to the customer's account again. */
export const PaymentRefunded = defineEvent({
  source: 'payments',
  type: 'PaymentRefunded',
  version: 1,
  schema: z.object({ order_id: OrderId, user_id: UserId, amount: Amount, balance_after: Money }),
  identityOf: (refund) => refund.order_id,
});
