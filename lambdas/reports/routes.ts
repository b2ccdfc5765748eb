export const reportsRoutes = {
  requestReport: 'POST /reports',
  showReport: 'GET /reports/{id}',
} as const;
