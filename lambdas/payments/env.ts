import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const PaymentsEnv = z.object({ PAYMENTS_TABLE: required });

/** The environment of the planner. `CHUNKS_PER_TICK` is a number or `all`. */
export const PlanEnv = z.object({
  PAYMENTS_TABLE: required,
  TICKS_QUEUE_URL: required,
  TICK_INTERVAL_S: required,
  CHUNKS_PER_TICK: required,
});
