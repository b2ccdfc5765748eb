import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { Description } from './view.ts';

export const refundOrder = route(
  {
    params: z.strictObject({ id: OrderId }),
    body: z.strictObject({ reason: z.optional(Description) }),
    returns: z.object({ order_id: OrderId, status: z.literal('refund_initiated') }),
    status: 202,
  },
  async ({ params: { id }, body: { reason }, identify, correlationId }, { orders }: OrdersApiDeps) => {
    const { replayed } = await orders.refund({ id, note: reason, identity: identify(id), correlationId });
    return new HttpResponse({ order_id: id, status: 'refund_initiated' as const }, replayed ? replayedHeader : {});
  },
);
