import * as z from 'zod/mini';
import { OrderId } from '../../events/ids.ts';
import { route } from '../shared/http/route.ts';
import type { OrdersApiDeps } from './deps.ts';
import { OrderView } from './view.ts';

export const showOrder = route(
  { params: z.strictObject({ id: OrderId }), returns: OrderView },
  ({ params: { id } }, { orders }: OrdersApiDeps) => orders.get(id),
);
