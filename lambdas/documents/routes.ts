/** The routes of this context by operation name. The API, the fallback, CDK and the API documentation read this list. */
export const documentsRoutes = {
  showDocumentUnderApi: 'GET /api/order/{order_uid}',
  showDocument: 'GET /order/{order_uid}',
} as const;
