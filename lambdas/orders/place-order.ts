import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Amount } from '../../events/money.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { OrdersDeps } from './deps.ts';
import { Description, Metadata, OrderView } from './view.ts';

export const placeOrder = route(
  {
    body: z.strictObject({
      user_id: UserId,
      amount: Amount,
      description: z.optional(Description),
      metadata: z.optional(Metadata),
    }),
    returns: OrderView,
    status: 201,
  },
  async ({ body, making, correlationId }, { orders }: OrdersDeps) => {
    const { order, replayed: again } = await orders.place(body, making(body.user_id), correlationId);
    const { updated_at: _, ...asPlaced } = order;
    return new Answer(asPlaced, { Location: `/orders/${order.id}`, ...(again && replayed) });
  },
);
