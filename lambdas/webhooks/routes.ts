export const webhooksRoutes = {
  createWebhook: 'POST /webhooks',
  listWebhooks: 'GET /webhooks',
  showWebhook: 'GET /webhooks/{id}',
  deleteWebhook: 'DELETE /webhooks/{id}',
} as const;
