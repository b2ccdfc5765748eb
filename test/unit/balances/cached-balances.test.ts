import { describe, expect, test } from 'vitest';
import { emptySummary } from '../../../lambdas/balances/balance.ts';
import type { BalanceStore } from '../../../lambdas/balances/balance-store.ts';
import { cachedBalances, createBalanceCaches } from '../../../lambdas/balances/cached-balances.ts';
import type { Clock } from '../../../lambdas/shared/runtime/clock.ts';
import { Rejected } from '../../../lambdas/shared/runtime/errors.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function createCached<C extends Clock>(clock: C, ttlMs = 1000) {
  const caches = createBalanceCaches(clock, ttlMs);
  const loads: string[] = [];
  const balanceOf = (userId: string, version: number) => ({
    user_id: userId,
    balance: version * 100,
    version,
    updated_at: new Date(noon).toISOString(),
  });
  const store = {
    get: async (userId: string) => {
      loads.push(userId);
      if (userId === 'unknown') throw new Rejected('balance_not_found', 'There is no balance of unknown.', 404);
      return balanceOf(userId, loads.length);
    },
    summarizeAll: async () => {
      loads.push('all');
      return { ...emptySummary, sum: BigInt(loads.length) };
    },
  } satisfies Partial<BalanceStore> as unknown as BalanceStore;
  const work = { store: createMemoryStore({ now: clock.now }), clock, deadlineMs: Number.POSITIVE_INFINITY };
  return { clock, loads, cached: cachedBalances(caches, store, work) };
}

describe('cached balances', () => {
  test('are served until their TTL has passed', async () => {
    const { clock, cached } = createCached(createSteppingClock(0));
    expect(await cached.get('alice')).toMatchObject({ balance: { version: 1 }, status: 'miss' });
    clock.pass(999);
    expect(await cached.get('alice')).toMatchObject({ balance: { version: 1 }, status: 'hit' });
    clock.pass(1);
    expect(await cached.get('alice')).toMatchObject({ balance: { version: 2 }, status: 'miss' });
  });

  test('are not kept with a TTL of 0', async () => {
    const { cached } = createCached(createSteppingClock(0), 0);
    for (const version of [1, 2])
      expect(await cached.get('alice')).toMatchObject({ balance: { version }, status: 'miss' });
  });

  test('are loaded once for concurrent callers', async () => {
    const { loads, cached } = createCached(virtualClock(1));
    await Promise.all(Array.from({ length: 50 }, () => cached.get('alice')));
    expect(loads).toEqual(['alice']);
  });

  test('do not include that a balance does not exist', async () => {
    const { loads, cached } = createCached(createSteppingClock(0));
    for (let call = 0; call < 2; call++) await expect(cached.get('unknown')).rejects.toThrow('no balance of unknown');
    expect(loads).toEqual(['unknown', 'unknown']);
  });
});

test('the cached summary is served until its TTL has passed', async () => {
  const { clock, cached } = createCached(createSteppingClock(0));
  expect(await cached.getSummary()).toMatchObject({ summary: { sum: 1n }, status: 'miss' });
  clock.pass(999);
  expect(await cached.getSummary()).toMatchObject({ summary: { sum: 1n }, status: 'hit' });
  clock.pass(1);
  expect(await cached.getSummary()).toMatchObject({ summary: { sum: 2n }, status: 'miss' });
});
