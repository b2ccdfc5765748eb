import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const BalancesEnv = z.object({ BALANCES_TABLE: required });

/** `CACHED_FOR_MS` is how long the routes may serve a value from memory. */
export const BalancesApiEnv = z.object({ BALANCES_TABLE: required, CACHED_FOR_MS: required });

/** The sync reads the ledger's table through the port of payments, `BUCKETS_PER_RUN` buckets in one run. */
export const SyncEnv = z.object({ BALANCES_TABLE: required, PAYMENTS_TABLE: required, BUCKETS_PER_RUN: required });
