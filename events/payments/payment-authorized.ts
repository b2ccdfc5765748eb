import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Items } from '../items.ts';
import { Amount, Money } from '../money.ts';

/**
 * The order's amount was debited from the customer's account. The event carries the order's items, since `tickets`
 * receives no earlier event of the order.
 */
export const PaymentAuthorized = defineEvent(
  'payments',
  'PaymentAuthorized',
  1,
  z.object({ order_id: OrderId, user_id: UserId, amount: Amount, balance_after: Money, items: z.optional(Items) }),
  (payment) => payment.order_id,
);
