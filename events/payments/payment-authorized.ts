import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Items } from '../items.ts';
import { Amount, Money } from '../money.ts';

/**
 * The order's amount was debited from the customer's account. The event carries the order's items, since `tickets`
 * receives no earlier event of the order.
 */
export const PaymentAuthorized = defineEvent({
  source: 'payments',
  type: 'PaymentAuthorized',
  version: 1,
  schema: z.object({
    order_id: OrderId,
    user_id: UserId,
    amount: Amount,
    balance_after: Money,
    items: z.optional(Items),
  }),
  identityOf: (payment) => payment.order_id,
});
