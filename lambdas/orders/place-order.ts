import * as z from 'zod/mini';
import { OrderDocument } from '../../events/documents/order-document.ts';
import { OrderUid } from '../../events/documents/order-uid.ts';
import { UserId } from '../../events/ids.ts';
import { Items } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { oneOf } from '../shared/http/one-of.ts';
import { Reply, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
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

const Accepted = z.object({ status: z.literal('accepted'), order_uid: OrderUid });

/** An order that is to be paid, or somebody else's order as a document, which documents takes from here. */
export const placeOrder = route(
  {
    body: oneOf(NewOrder, OrderDocument, 'order_uid'),
    returns: OrderView,
    status: 201,
    otherReplies: { 202: Accepted },
  },
  async ({ body, text, identify, correlationId }, { orders, priceOf, submit }: OrdersApiDeps) => {
    if ('order_uid' in body) {
      const { order_uid } = body;
      await submit({ order_uid, text, correlationId });
      return new Reply({ status: 'accepted' as const, order_uid }, {}, 202);
    }
    const cost = () => priceOf(body.items ?? []);
    const { order, replayed: again } = await orders.place(body, identify(body.user_id), correlationId, cost);
    const { updated_at: _, ...asPlaced } = order;
    return new Reply(asPlaced, { Location: `/orders/${order.id}`, ...(again && replayedHeader) });
  },
);
