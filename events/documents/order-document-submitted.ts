import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';

/**
 * Somebody has sent an order document: us, or a publisher outside. `document` is any text; whether it is a document is
 * for the consumer to say, with all of its faults. The text's SHA-256 tells the versions of one document apart.
 */
export const OrderDocumentSubmitted = defineEvent(
  'documents',
  'OrderDocumentSubmitted',
  1,
  z.object({ order_uid: z.string(), document: z.string(), hash: z.optional(z.string()) }),
  ({ order_uid, hash = '' }) => `${order_uid}:${hash}`,
);
export type OrderDocumentSubmitted = z.infer<typeof OrderDocumentSubmitted.schema>;
