/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const balancesRoutes = {
  listLatest: 'GET /balances/latest',
  showStats: 'GET /balances/stats',
  showUserBalance: 'GET /balances/{user_id}',
} as const;
