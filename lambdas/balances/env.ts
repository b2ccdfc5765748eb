import * as z from 'zod/mini';
import { required } from '../shared/runtime/env.ts';

export const BalancesEnv = z.object({ BALANCES_TABLE: required });

/** The doors remember what they have read for so long. */
export const BalancesApiEnv = z.object({ BALANCES_TABLE: required, CACHED_FOR_MS: required });

/** The sync reads the ledger by payments' port, so many buckets of it in one run. */
export const SyncEnv = z.object({ BALANCES_TABLE: required, PAYMENTS_TABLE: required, BUCKETS_PER_RUN: required });
