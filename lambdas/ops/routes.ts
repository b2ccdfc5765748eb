/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const opsRoutes = {
  showHealth: 'GET /healthz',
  showOpenApi: 'GET /openapi.json',
} as const;
