export const opsRoutes = {
  showHealth: 'GET /healthz',
  showOpenApi: 'GET /openapi.json',
} as const;
