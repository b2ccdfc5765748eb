import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { Description, Metadata, OrderView } from './view.ts';

const NewOrder = z
  .strictObject({
    user_id: UserId,
    amount: z.optional(Amount),
    description: z.optional(Description),
    items: z.optional(RequestedItems),
    metadata: z.optional(Metadata),
  })
  .check(
    z.refine((order) => order.amount !== undefined || order.items !== undefined, {
      path: ['amount'],
      message: 'required if there are no items',
      // Runs even if other fields are invalid, so that the response lists all errors at once.
      when: ({ value }) => typeof value === 'object' && value !== null,
    }),
  );

export const placeOrder = route(
  { body: NewOrder, returns: OrderView, status: 201 },
  async ({ body, identify, correlationId }, { orders, priceOf }: OrdersApiDeps) => {
    const { order, replayed } = await orders.place({
      order: body,
      identity: identify(body.user_id),
      correlationId,
      quotePrice: () => priceOf(body.items ?? []),
    });
    const { updated_at: _, ...placed } = order;
    return new HttpResponse(placed, { Location: `/orders/${order.id}`, ...(replayed && replayedHeader) });
  },
);
