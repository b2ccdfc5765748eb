import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { OrdersDoors } from './deps.ts';
import { Description } from './view.ts';

export const refundOrder = route(
  {
    params: z.strictObject({ id: OrderId }),
    body: z.strictObject({ reason: z.optional(Description) }),
    returns: z.object({ order_id: OrderId, status: z.literal('refund_initiated') }),
    status: 202,
  },
  async ({ params: { id }, body: { reason }, making, correlationId }, { orders }: OrdersDoors) => {
    const refund = await orders.refund(id, reason, making(id), correlationId);
    return new Answer({ order_id: id, status: 'refund_initiated' as const }, refund.replayed ? replayed : {});
  },
);
