/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const ordersRoutes = {
  placeOrder: 'POST /orders',
  listOrders: 'GET /orders',
  showOrder: 'GET /orders/{id}',
  refundOrder: 'POST /orders/{id}/refund',
  showWorkflow: 'GET /orders/{id}/workflow',
  showWorkflowUnderApi: 'GET /api/orders/{id}/workflow',
} as const;
