import { api } from '../shared/api.ts';
import { ordersDeps } from './deps.ts';
import { listOrders } from './list-orders.ts';
import { placeOrder } from './place-order.ts';
import { ordersRoutes } from './routes.ts';
import { showOrder } from './show-order.ts';

export const handler = api(ordersRoutes, { placeOrder, listOrders, showOrder }, ordersDeps);
