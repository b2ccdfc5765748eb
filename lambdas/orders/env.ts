import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const OrdersEnv = z.object({ ORDERS_TABLE: set });

/**
 * The doors read prices as well, by catalog's port, and what others know of an order, for the workflow view. Documents
 * they hand on, by a port as well.
 */
export const OrdersApiEnv = z.object({
  ORDERS_TABLE: set,
  CATALOG_TABLE: set,
  PAYMENTS_TABLE: set,
  TICKETS_TABLE: set,
  DOCUMENTS_TABLE: set,
});

/** After so many minutes a step that has not ended is asked after. */
export const SweepEnv = z.object({ ORDERS_TABLE: set, STUCK_AFTER_MINUTES: set });
