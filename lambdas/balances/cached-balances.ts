import { ReadCache } from '../shared/cache/read-cache.ts';
import type { CacheStatus } from '../shared/cache/x-cache.ts';
import type { Clock } from '../shared/runtime/clock.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import type { Balance, Summary } from './balance.ts';
import type { BalanceStore } from './balance-store.ts';

/** A balance takes about 200 characters with its key, so the cache holds 5,000 of them in 2 MB. */
const MAX_CHARACTERS = 1_000_000;
/** The summary is the only value of its cache. */
const SUMMARY_KEY = 'all';
const SUMMARY_CHARACTERS = 2000;

/**
 * The caches of one execution environment. They are in memory only: a value lives for a second or two, in which a row
 * would be written more often than it is read, and as current as an invalidation would make it.
 */
export interface BalanceCaches {
  readonly balances: ReadCache<Balance>;
  readonly summary: ReadCache<Summary>;
}

export const createBalanceCaches = (clock: Clock, ttlMs: number): BalanceCaches => ({
  balances: new ReadCache({ clock, ttlMs, maxCharacters: MAX_CHARACTERS }),
  summary: new ReadCache({
    clock,
    ttlMs,
    maxCharacters: 2 * SUMMARY_CHARACTERS,
    // The sum is a bigint, which has no JSON.
    sizeOf: () => SUMMARY_CHARACTERS,
  }),
});

export function cachedBalances(caches: BalanceCaches, store: BalanceStore, { clock, deadlineMs }: UnitOfWork) {
  return {
    /** Returns the balance of a user. Throws `Rejected` if there is none, which is not cached. */
    get: async (userId: string): Promise<{ balance: Balance; status: CacheStatus }> => {
      const { value: balance, status } = await caches.balances.get(userId, {
        deadlineMs,
        load: async () => {
          const loaded = await store.get(userId);
          return new Map([[userId, { value: loaded, version: loaded.version }]]);
        },
      });
      if (!balance) throw new Error(`the load of the balance of ${userId} returned nothing`);
      return { balance, status };
    },
    /** Returns the summary of all accounts. It has no version, so the time of the load orders two of them. */
    getSummary: async (): Promise<{ summary: Summary; status: CacheStatus }> => {
      const { value: summary, status } = await caches.summary.get(SUMMARY_KEY, {
        deadlineMs,
        load: async () => {
          const version = clock.now();
          return new Map([[SUMMARY_KEY, { value: await store.summarizeAll(), version }]]);
        },
      });
      if (!summary) throw new Error('the load of the summary returned nothing');
      return { summary, status };
    },
  };
}
