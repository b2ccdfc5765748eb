import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { Description } from './view.ts';

/** The event keeps it as `note`, because its `reason` is why the order is refunded: requested, or a rejected ticket. */
const RefundNote = Description.check(z.describe('A note of the caller, published as `note`.'));

export const refundOrder = route(
  {
    params: z.strictObject({ id: OrderId }),
    body: z.strictObject({ reason: z.optional(RefundNote) }),
    returns: z.object({ order_id: OrderId, status: z.literal('refund_initiated') }),
    status: 202,
  },
  async ({ params: { id }, body: { reason }, identify, correlationId }, { orders }: OrdersApiDeps) => {
    const { replayed } = await orders.refund({ id, note: reason, identity: identify(id), correlationId });
    return new HttpResponse({ order_id: id, status: 'refund_initiated' as const }, replayed ? replayedHeader : {});
  },
);
