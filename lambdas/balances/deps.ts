import { accountsInBucket, countChunks } from '../payments/ledger-port.ts';
import type { Deadline } from '../shared/messaging/receipt.ts';
import { type Clock, systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import type { Reader } from '../shared/store/store.ts';
import { type TablePorts, tableReader, tableStore } from '../shared/store/tables.ts';
import type { Balance, Summary } from './balance.ts';
import { type BalanceStore, balanceStore } from './balance-store.ts';
import { Cache } from './cache.ts';
import type { Ledger, SyncPorts } from './compare-bucket.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from './env.ts';

export type BalancesDeps = { balances: BalanceStore };

/** The API also has a cache of balances by user, and one of the summary of all accounts. */
export type BalancesApiDeps = BalancesDeps & { balanceCache: Cache<Balance>; summaryCache: Cache<Summary> };
export type SyncDeps = SyncPorts & Deadline & { readonly bucketsPerRun: number };

/** A balance takes about 200 bytes, so the cache takes 2 MB at most. */
const MAX_CACHED_BALANCES = 10_000;

const createCaches = (clock: Pick<Clock, 'now'>, ttlMs: number) => ({
  balanceCache: new Cache<Balance>({ clock, ttlMs, maxKeys: MAX_CACHED_BALANCES }),
  summaryCache: new Cache<Summary>({ clock, ttlMs, maxKeys: 1 }),
});

/** Creates the sync's access to the ledger through the port of payments, which only reads. */
export const createLedgerReader = (payments: Reader): Ledger => ({
  accounts: (bucket, above) => accountsInBucket(payments, bucket, above),
  chunks: () => countChunks(payments),
});

export const createBalancesDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): BalancesDeps => ({ balances: balanceStore({ store, clock, deadlineMs }) });

/** The caches belong to one execution environment, so they are created with the dependencies and not for each request. */
export const createBalancesApiDeps = (ports: TablePorts, cacheTtlMs: number) => {
  const createDeps = createBalancesDeps(ports);
  const caches = createCaches(ports.clock, cacheTtlMs);
  return (deadline: Deadline): BalancesApiDeps => ({ ...createDeps(deadline), ...caches });
};

export const createSyncDeps = (ports: TablePorts, payments: Reader, bucketsPerRun: number) => {
  const createDeps = createBalancesDeps(ports);
  const ledger = createLedgerReader(payments);
  return (deadline: Deadline): SyncDeps => ({
    ...createDeps(deadline),
    ...deadline,
    ledger,
    clock: ports.clock,
    bucketsPerRun,
  });
};

const lambdaPorts = (): TablePorts => ({ store: tableStore(readEnv(BalancesEnv).BALANCES_TABLE), clock: systemClock });

export const balancesDeps = () => createBalancesDeps(lambdaPorts());
export const balancesApiDeps = () =>
  createBalancesApiDeps(lambdaPorts(), Number(readEnv(BalancesApiEnv).CACHED_FOR_MS));
export const syncDeps = () => {
  const { PAYMENTS_TABLE, BUCKETS_PER_RUN } = readEnv(SyncEnv);
  return createSyncDeps(lambdaPorts(), tableReader(PAYMENTS_TABLE), Number(BUCKETS_PER_RUN));
};
