import * as z from 'zod/mini';
import { UserId } from '../../events/ids.ts';
import { limitOf, nextLink, pageQuery, parseCursor } from '../shared/http/paging.ts';
import { HttpResponse, route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { placedAtId } from './order-row.ts';
import { OrderView } from './view.ts';

/** The sort value of this list: the time at which the order was placed, and its id. */
const PlacedAtId = z.string().check(z.regex(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z#[a-z2-7]{26}$/));

export const listOrders = route(
  {
    query: z.strictObject({ user_id: UserId, ...pageQuery }),
    returns: z.array(OrderView),
  },
  async ({ query }, { orders }: OrdersApiDeps) => {
    const limit = limitOf(query);
    const page = await orders.listByUser(query.user_id, { limit, below: parseCursor(query, PlacedAtId) });
    const last = page.length === limit && page.at(-1);
    return new HttpResponse(page, last ? nextLink('/orders', { user_id: query.user_id }, query, placedAtId(last)) : {});
  },
);
