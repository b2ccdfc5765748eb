import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/** A reader requested a document that is not cached. Each lookup has its own id, which its answer repeats. */
export const OrderLookupRequested = defineEvent({
  source: 'documents',
  type: 'OrderLookupRequested',
  version: 1,
  schema: z.object({ order_uid: OrderUid, lookup_id: z.string() }),
  identityOf: ({ order_uid, lookup_id }) => `${order_uid}:${lookup_id}`,
});
