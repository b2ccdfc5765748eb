import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const BalancesEnv = z.object({ BALANCES_TABLE: set });

/** The doors remember what they have read for so long. */
export const BalancesApiEnv = z.object({ BALANCES_TABLE: set, CACHED_FOR_MS: set });

/** The sync reads the ledger by payments' port, so many buckets of it in one run. */
export const SyncEnv = z.object({ BALANCES_TABLE: set, PAYMENTS_TABLE: set, BUCKETS_PER_RUN: set });
