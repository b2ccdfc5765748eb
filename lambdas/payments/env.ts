import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const PaymentsEnv = z.object({ PAYMENTS_TABLE: set });

/** Seconds between two ticks, chunks in each of them (a number, or `all`), and the queue on which they wait. */
export const PlanEnv = z.object({
  PAYMENTS_TABLE: set,
  TICKS_QUEUE_URL: set,
  TICK_INTERVAL_S: set,
  CHUNKS_PER_TICK: set,
});
