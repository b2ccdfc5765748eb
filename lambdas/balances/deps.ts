import { accountsInBucket, chunkCount } from '../payments/ledger-port.ts';
import { tableReader, tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import type { Reader } from '../shared/store.ts';
import type { Summary, View } from './balance.ts';
import { type BalanceStore, balanceStore } from './balance-store.ts';
import { Cache } from './cache.ts';
import { BalancesApiEnv, BalancesEnv, SyncEnv } from './env.ts';
import type { Ledger, SyncPorts } from './sync.ts';

/** What this context's handlers stand on, for one call. */
export type BalancesDeps = { balances: BalanceStore };

/** The doors remember: views by their users, and all accounts together. */
export type BalancesDoors = BalancesDeps & { views: Cache<View>; totals: Cache<Summary> };

/** A view has about 200 bytes: 2 MB at the most. */
const MOST_VIEWS = 10_000;

export const balancesDeps = () => {
  const store = tableStore(readEnv(BalancesEnv).BALANCES_TABLE);
  return ({ deadline }: Patience): BalancesDeps => ({
    balances: balanceStore({ store, clock: systemClock, deadline }),
  });
};

/** One for each environment of a function, for as long as that lives. */
export const doorCaches = (clock: { now(): number }, ttlMs: number) => ({
  views: new Cache<View>({ clock, ttlMs, most: MOST_VIEWS }),
  totals: new Cache<Summary>({ clock, ttlMs, most: 1 }),
});

export const balancesDoors = () => {
  const deps = balancesDeps();
  const caches = doorCaches(systemClock, Number(readEnv(BalancesApiEnv).CACHED_FOR_MS));
  return (call: Patience): BalancesDoors => ({ ...deps(call), ...caches });
};

/** The ledger as the sync sees it: by payments' port, which only reads. */
export const ledgerIn = (payments: Reader): Ledger => ({
  accounts: (bucket, above) => accountsInBucket(payments, bucket, above),
  chunks: () => chunkCount(payments),
});

export const syncDeps = () => {
  const { PAYMENTS_TABLE, BUCKETS_PER_RUN } = readEnv(SyncEnv);
  const deps = balancesDeps();
  const ledger = ledgerIn(tableReader(PAYMENTS_TABLE));
  return (call: Patience): SyncPorts & Patience & { bucketsPerRun: number } => ({
    ...deps(call),
    ...call,
    ledger,
    clock: systemClock,
    bucketsPerRun: Number(BUCKETS_PER_RUN),
  });
};
