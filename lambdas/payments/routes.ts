export const paymentsRoutes = {
  openAccount: 'POST /payments/accounts',
  deposit: 'POST /payments/accounts/deposit',
  showBalance: 'GET /payments/accounts/{user_id}/balance',
  listEntries: 'GET /payments/accounts/{user_id}/entries',
} as const;
