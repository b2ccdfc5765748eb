import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/** A document as the store has it, with what tells its version: the answer to a lookup, or to what was submitted. */
export const OrderFound = defineEvent(
  'documents',
  'OrderFound',
  1,
  z.object({
    order_uid: OrderUid,
    document: z.string(),
    instant: z.string(),
    hash: z.string(),
    /** The lookup, or the hash of the text that was submitted. */
    answers: z.string(),
  }),
  ({ order_uid, hash, answers }) => `${order_uid}:${hash}:${answers}`,
);
export type OrderFound = z.infer<typeof OrderFound.schema>;
