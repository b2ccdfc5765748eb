import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { OrderUid } from './order-uid.ts';

/** A document was asked for that the cache does not have. Each lookup has an id of its own: answers name it. */
export const OrderLookupRequested = defineEvent(
  'documents',
  'OrderLookupRequested',
  1,
  z.object({ order_uid: OrderUid, lookup_id: z.string() }),
  ({ order_uid, lookup_id }) => `${order_uid}:${lookup_id}`,
);
export type OrderLookupRequested = z.infer<typeof OrderLookupRequested.schema>;
