import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

/** `SETTLED_AFTER_S` is the age at which the end of a range may be exported. */
export const ReportsApiEnv = z.object({ REPORTS_TABLE: required, REPORTS_BUCKET: required, SETTLED_AFTER_S: required });

/** The worker reads the tables of orders and payments through their ports. */
export const RunEnv = z.object({
  REPORTS_TABLE: required,
  REPORTS_BUCKET: required,
  ORDERS_TABLE: required,
  PAYMENTS_TABLE: required,
});

export const ExportsEnv = z.object({ REPORTS_TABLE: required, SETTLED_AFTER_S: required });
