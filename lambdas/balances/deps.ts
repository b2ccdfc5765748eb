import { accountsInBucket, countChunks } from '../payments/ledger-port.ts';
import { readEnv } from '../shared/runtime/env.ts';
import type { ReadableTable, Reader } from '../shared/store/store.ts';
import { depsFactory, lambdaPorts, type TablePorts, tableReader } from '../shared/store/tables.ts';
import { balanceStore } from './balance-store.ts';
import { cachedBalances, createBalanceCaches } from './cached-balances.ts';
import type { Ledger } from './compare-bucket.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from './env.ts';

/** The API reads through its caches only. */
export type BalancesApiDeps = { cached: ReturnType<typeof cachedBalances> };

/** Creates the sync's access to the ledger through the port of payments, which only reads. */
export const createLedgerReader = (payments: Reader): Ledger => ({
  accounts: (bucket, above) => accountsInBucket(payments, bucket, above),
  chunks: () => countChunks(payments),
});

export const createBalancesDeps = (ports: TablePorts) =>
  depsFactory((work) => ({ balances: balanceStore(work) }))(ports);

/**
 * The caches belong to one execution environment, so they are created with the dependencies and not for each request.
 */
export const createBalancesApiDeps = (ports: TablePorts, ttlMs: number) => {
  const caches = createBalanceCaches(ports.clock, ttlMs);
  return depsFactory((work): BalancesApiDeps => ({ cached: cachedBalances(caches, balanceStore(work), work) }))(ports);
};

export const createSyncDeps = (ports: TablePorts, payments: ReadableTable, bucketsPerRun: number) =>
  depsFactory((work) => {
    const { clock, deadlineMs } = work;
    const ledger = createLedgerReader(payments.withDeadline(deadlineMs));
    return { balances: balanceStore(work), ledger, clock, deadlineMs, bucketsPerRun };
  })(ports);

export const balancesDeps = () => createBalancesDeps(lambdaPorts(readEnv(BalancesEnv).BALANCES_TABLE));
export const balancesApiDeps = () => {
  const { BALANCES_TABLE, CACHED_FOR_MS } = readEnv(BalancesApiEnv);
  return createBalancesApiDeps(lambdaPorts(BALANCES_TABLE), Number(CACHED_FOR_MS));
};
export const syncDeps = () => {
  const { BALANCES_TABLE, PAYMENTS_TABLE, BUCKETS_PER_RUN } = readEnv(SyncEnv);
  return createSyncDeps(lambdaPorts(BALANCES_TABLE), tableReader(PAYMENTS_TABLE), Number(BUCKETS_PER_RUN));
};
