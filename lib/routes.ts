import { balancesRoutes } from '../lambdas/balances/routes.ts';
import { catalogRoutes } from '../lambdas/catalog/routes.ts';
import { documentsRoutes } from '../lambdas/documents/routes.ts';
import { opsRoutes } from '../lambdas/ops/routes.ts';
import { ordersRoutes } from '../lambdas/orders/routes.ts';
import { paymentsRoutes } from '../lambdas/payments/routes.ts';

/** Every door of the API, by its operation's name. No two operations are called alike, or one would be lost here. */
export const allRoutes = {
  ...paymentsRoutes,
  ...ordersRoutes,
  ...catalogRoutes,
  ...balancesRoutes,
  ...documentsRoutes,
  ...opsRoutes,
} as const;
