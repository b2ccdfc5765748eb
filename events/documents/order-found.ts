import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/**
 * The store side has this document: the answer to a lookup or to a submission. `instant` and `hash` are its version.
 */
export const OrderFound = defineEvent({
  source: 'documents',
  type: 'OrderFound',
  version: 1,
  schema: z.object({
    order_uid: OrderUid,
    document: z.string(),
    instant: z.string(),
    hash: z.string(),
    /** The id of the lookup, or the hash of the submitted text. */
    in_reply_to: z.string(),
  }),
  identityOf: ({ order_uid, hash, in_reply_to }) => `${order_uid}:${hash}:${in_reply_to}`,
});
