import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/** The store side had no such document when it processed the lookup. `in_reply_to` is the id of the lookup. */
export const OrderNotFound = defineEvent({
  source: 'documents',
  type: 'OrderNotFound',
  version: 1,
  schema: z.object({ order_uid: OrderUid, in_reply_to: z.string() }),
  identityOf: ({ order_uid, in_reply_to }) => `${order_uid}:${in_reply_to}`,
});
