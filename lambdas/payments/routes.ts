/** The doors of this context: the operation's name, its method and path. API, fallback, CDK and docs read this list. */
export const paymentsRoutes = {
  openAccount: 'POST /payments/accounts',
  deposit: 'POST /payments/accounts/deposit',
  showBalance: 'GET /payments/accounts/{user_id}/balance',
  listEntries: 'GET /payments/accounts/{user_id}/entries',
} as const;
