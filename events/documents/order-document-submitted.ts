import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';

/**
 * An order document was submitted, through the API or by an outside publisher on the bus. `document` may be any text:
 * the consumer validates it, and rejects it with all of its errors. `hash` is the SHA-256 of the text, which identifies
 * one version of the document.
 */
export const OrderDocumentSubmitted = defineEvent({
  source: 'documents',
  type: 'OrderDocumentSubmitted',
  version: 1,
  schema: z.object({ order_uid: z.string(), document: z.string(), hash: z.optional(z.string()) }),
  identityOf: ({ order_uid, hash = '' }) => `${order_uid}:${hash}`,
});
export type OrderDocumentSubmitted = z.infer<typeof OrderDocumentSubmitted.schema>;
