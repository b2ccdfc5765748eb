import * as z from 'zod/mini';
import { QuoteId, UserId } from '../../events/ids.ts';
import { Amount } from '../../events/money.ts';
import { HttpResponse, replayedHeader, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { Description, Metadata, OrderView } from './view.ts';

export const checkOutCart = route(
  {
    params: z.strictObject({ user_id: UserId }),
    body: z.strictObject({
      amount: z.optional(Amount),
      quote_id: z.optional(QuoteId),
      description: z.optional(Description),
      metadata: z.optional(Metadata),
    }),
    returns: OrderView,
    status: 201,
  },
  async (
    { params: { user_id }, body: terms, identify, correlationId },
    { orders, readCart, quotePrice }: OrdersApiDeps,
  ) => {
    const { order, replayed } = await orders.checkOut({
      ...terms,
      user_id,
      identity: identify(user_id),
      correlationId,
      readCart: () => readCart(user_id),
      quotePrice: (items) => quotePrice({ user_id, items, quote_id: terms.quote_id }),
    });
    const { updated_at: _, ...placed } = order;
    return new HttpResponse(placed, { Location: `/orders/${order.id}`, ...(replayed && replayedHeader) });
  },
);
