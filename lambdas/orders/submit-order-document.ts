import * as z from 'zod/mini';
import { OrderDocument } from '../../events/documents/order-document.ts';
import { OrderUid } from '../../events/documents/order-uid.ts';
import { route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';

/** Accepts the order document of an external shop and passes it to the documents context (docs/adr/0008). */
export const submitOrderDocument = route(
  { body: OrderDocument, returns: z.object({ status: z.literal('accepted'), order_uid: OrderUid }), status: 202 },
  async ({ body: { order_uid }, text, correlationId }, { submit }: OrdersApiDeps) => {
    await submit({ order_uid, text, correlationId });
    return { status: 'accepted' as const, order_uid };
  },
);
