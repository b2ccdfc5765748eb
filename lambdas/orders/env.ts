import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const OrdersEnv = z.object({ ORDERS_TABLE: required });

/**
 * The doors read prices as well, by catalog's port, and what others know of an order, for the workflow view. Documents
 * they hand on, by a port as well.
 */
export const OrdersApiEnv = z.object({
  ORDERS_TABLE: required,
  CATALOG_TABLE: required,
  PAYMENTS_TABLE: required,
  TICKETS_TABLE: required,
  DOCUMENTS_TABLE: required,
});

/** After so many minutes a step that has not ended is asked after. */
export const SweepEnv = z.object({ ORDERS_TABLE: required, STUCK_AFTER_MINUTES: required });
