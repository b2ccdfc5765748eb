export const documentsRoutes = {
  showDocumentUnderApi: 'GET /api/order/{order_uid}',
  showDocument: 'GET /order/{order_uid}',
} as const;
