/** The routes of this context by operation name. The API, the fallback, CDK and the API documentation read this list. */
export const opsRoutes = {
  showHealth: 'GET /healthz',
  showOpenApi: 'GET /openapi.json',
} as const;
