import { balancesRoutes } from '../lambdas/balances/routes.ts';
import { catalogRoutes } from '../lambdas/catalog/routes.ts';
import { documentsRoutes } from '../lambdas/documents/routes.ts';
import { opsRoutes } from '../lambdas/ops/routes.ts';
import { ordersRoutes } from '../lambdas/orders/routes.ts';
import { paymentsRoutes } from '../lambdas/payments/routes.ts';
import { reportsRoutes } from '../lambdas/reports/routes.ts';
import { webhooksRoutes } from '../lambdas/webhooks/routes.ts';

/** All routes of the API by operation name. A test checks that the names are unique, so that none is overwritten. */
export const allRoutes = {
  ...paymentsRoutes,
  ...ordersRoutes,
  ...catalogRoutes,
  ...balancesRoutes,
  ...documentsRoutes,
  ...opsRoutes,
  ...reportsRoutes,
  ...webhooksRoutes,
} as const;

/** What the fallback handles: every request that no other route matches. */
export const fallbackRoutes = { root: 'ANY /', anyPath: 'ANY /{proxy+}' } as const;
