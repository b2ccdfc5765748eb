import * as z from 'zod/mini';
import { QuoteId, UserId } from '../../events/ids.ts';
import { RequestedItems } from '../../events/items.ts';
import { Amount } from '../../events/money.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { Description, Metadata, OrderView } from './view.ts';

/** The checks run even if other fields are invalid, so that the response lists all errors at once. */
const isObject = ({ value }: { value: unknown }): boolean => typeof value === 'object' && value !== null;

const NewOrder = z
  .strictObject({
    user_id: UserId,
    amount: z.optional(Amount),
    description: z.optional(Description),
    items: z.optional(RequestedItems),
    quote_id: z.optional(QuoteId),
    metadata: z.optional(Metadata),
  })
  .check(
    z.refine((order) => order.amount !== undefined || order.items !== undefined, {
      path: ['amount'],
      message: 'required if there are no items',
      when: isObject,
    }),
    z.refine((order) => order.quote_id === undefined || order.items !== undefined, {
      path: ['items'],
      message: 'required if there is a quote_id',
      when: isObject,
    }),
  );

export const placeOrder = route(
  { body: NewOrder, returns: OrderView, status: 201 },
  async ({ body: { quote_id, ...order }, identify, correlationId }, { orders, quotePrice }: OrdersApiDeps) => {
    const { user_id, items = [] } = order;
    const { order: placement, replayed } = await orders.place({
      order,
      identity: identify(user_id),
      correlationId,
      quotePrice: () => quotePrice({ user_id, items, quote_id }),
    });
    const { updated_at: _, ...placed } = placement;
    return new HttpResponse(placed, { Location: `/orders/${placed.id}`, ...(replayed && replayedHeader) });
  },
);
