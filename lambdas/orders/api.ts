import { createApi } from '../shared/http/api.ts';
import { routeByBody } from '../shared/http/route-by-body.ts';
import { checkOutCart } from './check-out-cart.ts';
import { ordersApiDeps } from './deps.ts';
import { listOrders } from './list-orders.ts';
import { placeOrder } from './place-order.ts';
import { refundOrder } from './refund-order.ts';
import { ordersRoutes } from './routes.ts';
import { showOrder } from './show-order.ts';
import { showWorkflow } from './show-workflow.ts';
import { submitOrderDocument } from './submit-order-document.ts';

const routes = {
  placeOrder: routeByBody(placeOrder, submitOrderDocument, 'order_uid'),
  checkOutCart,
  listOrders,
  showOrder,
  refundOrder,
  showWorkflow,
  showWorkflowUnderApi: showWorkflow,
};

export const handler = createApi(ordersRoutes, routes, ordersApiDeps);
