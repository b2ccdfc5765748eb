import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/** There was no such document when the store looked. */
export const OrderNotFound = defineEvent(
  'documents',
  'OrderNotFound',
  1,
  z.object({ order_uid: OrderUid, answers: z.string() }),
  ({ order_uid, answers }) => `${order_uid}:${answers}`,
);
export type OrderNotFound = z.infer<typeof OrderNotFound.schema>;
