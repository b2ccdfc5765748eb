/**
 * The routes of this context: operation name, method and path. The API, the fallback, CDK and the docs read this list.
 */
export const ordersRoutes = {
  placeOrder: 'POST /orders',
  checkOutCart: 'POST /carts/{user_id}/checkout',
  listOrders: 'GET /orders',
  showOrder: 'GET /orders/{id}',
  refundOrder: 'POST /orders/{id}/refund',
  showWorkflow: 'GET /orders/{id}/workflow',
  showWorkflowUnderApi: 'GET /api/orders/{id}/workflow',
} as const;
