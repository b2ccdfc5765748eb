/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const documentsRoutes = {
  showDocumentUnderApi: 'GET /api/order/{order_uid}',
  showDocument: 'GET /order/{order_uid}',
} as const;
