import { createApi } from '../shared/http/api.ts';
import { ordersApiDeps } from './deps.ts';
import { listOrders } from './list-orders.ts';
import { placeOrder } from './place-order.ts';
import { refundOrder } from './refund-order.ts';
import { ordersRoutes } from './routes.ts';
import { showOrder } from './show-order.ts';
import { showWorkflow } from './show-workflow.ts';

const routes = { placeOrder, listOrders, showOrder, refundOrder, showWorkflow, showWorkflowUnderApi: showWorkflow };

export const handler = createApi(ordersRoutes, routes, ordersApiDeps);
