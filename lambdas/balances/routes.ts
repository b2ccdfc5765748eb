/** The routes of this context by operation name. The API, the fallback, CDK and the API documentation read this list. */
export const balancesRoutes = {
  listLatest: 'GET /balances/latest',
  showStats: 'GET /balances/stats',
  showUserBalance: 'GET /balances/{user_id}',
} as const;
