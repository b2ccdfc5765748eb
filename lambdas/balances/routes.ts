export const balancesRoutes = {
  listLatest: 'GET /balances/latest',
  showStats: 'GET /balances/stats',
  showUserBalance: 'GET /balances/{user_id}',
} as const;
