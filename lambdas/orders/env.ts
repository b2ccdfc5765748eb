import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const OrdersEnv = z.object({ ORDERS_TABLE: required });

/**
 * The API also reads prices and carts through ports of catalog and, for the workflow view, an order's rows in payments
 * and tickets. It passes order documents to the port of the documents context.
 */
export const OrdersApiEnv = z.object({
  ORDERS_TABLE: required,
  CATALOG_TABLE: required,
  PAYMENTS_TABLE: required,
  TICKETS_TABLE: required,
  DOCUMENTS_TABLE: required,
});

/** An order that waits for a step for more than STUCK_AFTER_MINUTES is nudged. */
export const SweepEnv = z.object({ ORDERS_TABLE: required, STUCK_AFTER_MINUTES: required });
