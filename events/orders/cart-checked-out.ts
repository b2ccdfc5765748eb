import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { CartId, OrderId, UserId } from '../ids.ts';

/** An order was placed from a cart. The cart is emptied, unless it was changed since. */
export const CartCheckedOut = defineEvent({
  source: 'orders',
  type: 'CartCheckedOut',
  version: 1,
  schema: z.object({ order_id: OrderId, user_id: UserId, cart_id: CartId }),
  identityOf: (checkout) => checkout.order_id,
});
