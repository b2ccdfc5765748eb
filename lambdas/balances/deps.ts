import { accountsInBucket, chunkCount } from '../payments/ledger-port.ts';
import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import type { Reader } from '../shared/store/store.ts';
import { tableReader, tableStore } from '../shared/store/tables.ts';
import type { Balance, Summary } from './balance.ts';
import { type BalanceStore, balanceStore } from './balance-store.ts';
import { Cache } from './cache.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from './env.ts';
import type { Ledger, SyncPorts } from './sync.ts';

/** What this context's handlers stand on, for one call. */
export type BalancesDeps = { balances: BalanceStore };

/** The doors remember: views by their users, and all accounts together. */
export type BalancesApiDeps = BalancesDeps & { views: Cache<Balance>; totals: Cache<Summary> };

/** A view has about 200 bytes: 2 MB at the most. */
const MAX_CACHED_BALANCES = 10_000;

export const balancesDeps = () => {
  const store = tableStore(readEnv(BalancesEnv).BALANCES_TABLE);
  return ({ deadlineMs }: Deadline): BalancesDeps => ({
    balances: balanceStore({ store, clock: systemClock, deadlineMs }),
  });
};

/** One for each environment of a function, for as long as that lives. */
export const createCaches = (clock: { now(): number }, ttlMs: number) => ({
  views: new Cache<Balance>({ clock, ttlMs, most: MAX_CACHED_BALANCES }),
  totals: new Cache<Summary>({ clock, ttlMs, most: 1 }),
});

export const balancesApiDeps = () => {
  const deps = balancesDeps();
  const caches = createCaches(systemClock, Number(readEnv(BalancesApiEnv).CACHED_FOR_MS));
  return (call: Deadline): BalancesApiDeps => ({ ...deps(call), ...caches });
};

/** The ledger as the sync sees it: by payments' port, which only reads. */
export const createLedgerReader = (payments: Reader): Ledger => ({
  accounts: (bucket, above) => accountsInBucket(payments, bucket, above),
  chunks: () => chunkCount(payments),
});

export const syncDeps = () => {
  const { PAYMENTS_TABLE, BUCKETS_PER_RUN } = readEnv(SyncEnv);
  const deps = balancesDeps();
  const ledger = createLedgerReader(tableReader(PAYMENTS_TABLE));
  return (call: Deadline): SyncPorts & Deadline & { bucketsPerRun: number } => ({
    ...deps(call),
    ...call,
    ledger,
    clock: systemClock,
    bucketsPerRun: Number(BUCKETS_PER_RUN),
  });
};
