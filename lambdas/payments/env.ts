import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const PaymentsEnv = z.object({ PAYMENTS_TABLE: required });

/** Seconds between two ticks, chunks in each of them (a number, or `all`), and the queue on which they wait. */
export const PlanEnv = z.object({
  PAYMENTS_TABLE: required,
  TICKS_QUEUE_URL: required,
  TICK_INTERVAL_S: required,
  CHUNKS_PER_TICK: required,
});
