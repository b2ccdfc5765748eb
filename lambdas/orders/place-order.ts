import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { Items } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { Answer, replayed, route } from '../shared/route.ts';
import type { OrdersDoors } from './deps.ts';
import { Description, Metadata, OrderView } from './view.ts';

const NewOrder = z
  .strictObject({
    user_id: UserId,
    amount: z.optional(Amount),
    description: z.optional(Description),
    items: z.optional(Items),
    metadata: z.optional(Metadata),
  })
  .check(
    z.refine((order) => order.amount !== undefined || order.items !== undefined, {
      path: ['amount'],
      message: 'needed where there are no items',
      // also beside other faults, as long as there are fields at all: all faults are told at once
      when: ({ value }) => typeof value === 'object' && value !== null,
    }),
  );

export const placeOrder = route(
  { body: NewOrder, returns: OrderView, status: 201 },
  async ({ body, making, correlationId }, { orders, price }: OrdersDoors) => {
    const cost = () => price(body.items ?? []);
    const { order, replayed: again } = await orders.place(body, making(body.user_id), correlationId, cost);
    const { updated_at: _, ...asPlaced } = order;
    return new Answer(asPlaced, { Location: `/orders/${order.id}`, ...(again && replayed) });
  },
);
