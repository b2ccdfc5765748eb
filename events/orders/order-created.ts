import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderId, UserId } from '../ids.ts';
import { Items } from '../items.ts';
import { Amount } from '../money.ts';

/** A customer has placed an order. It waits for its payment. */
export const OrderCreated = defineEvent({
  source: 'orders',
  type: 'OrderCreated',
  version: 1,
  schema: z.object({
    order_id: OrderId,
    user_id: UserId,
    amount: Amount,
    description: z.optional(z.string()),
    items: z.optional(Items),
    created_at: z.iso.datetime(),
  }),
  identityOf: (order) => order.order_id,
});
export type OrderCreated = z.infer<typeof OrderCreated.schema>;
