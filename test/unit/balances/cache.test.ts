import { describe, expect, test } from 'vitest';
import { Cache } from '../../../lambdas/balances/cache.ts';
import { Rejected } from '../../../lambdas/shared/runtime/errors.ts';
import { noon } from '../../support/fixtures.ts';

const createCache = (maxKeys = 10, ttlMs = 1000) => {
  const time = { nowMs: noon };
  const cache = new Cache<string>({ clock: { now: () => time.nowMs }, ttlMs, maxKeys });
  let loads = 0;
  const get = (key: string) => cache.getOrLoad(key, async () => `${key}${loads++}`);
  return { time, cache, get };
};

describe('the cache', () => {
  test('returns a value from memory until its TTL has passed', async () => {
    const { time, get } = createCache();
    expect(await get('a')).toEqual({ value: 'a0', isHit: false });
    time.nowMs = noon + 999;
    expect(await get('a')).toEqual({ value: 'a0', isHit: true });
    time.nowMs = noon + 1000;
    expect(await get('a')).toEqual({ value: 'a1', isHit: false });
  });

  test('keeps no value with a TTL of 0', async () => {
    const { get } = createCache(10, 0);
    expect(await get('a')).toEqual({ value: 'a0', isHit: false });
    expect(await get('a')).toEqual({ value: 'a1', isHit: false });
  });

  test('loads a value once for concurrent callers', async () => {
    const { get } = createCache();
    const results = await Promise.all(Array.from({ length: 50 }, () => get('a')));
    expect(results.map(({ value }) => value)).toEqual(Array.from({ length: 50 }, () => 'a0'));
    expect(results.filter(({ isHit }) => !isHit)).toHaveLength(1);
  });

  test('shares a load that takes longer than the TTL', async () => {
    const { time, cache, get } = createCache();
    const { promise, resolve } = Promise.withResolvers<string>();
    const first = cache.getOrLoad('a', () => promise);
    time.nowMs = noon + 5000;
    const second = get('a');
    resolve('slow');
    expect(await first).toEqual({ value: 'slow', isHit: false });
    expect(await second).toEqual({ value: 'slow', isHit: true });
    expect(await get('a')).toEqual({ value: 'a0', isHit: false });
  });

  test('counts the TTL from the start of a slow load', async () => {
    const { time, cache } = createCache();
    await cache.getOrLoad('a', async () => {
      time.nowMs = noon + 900;
      return 'slow';
    });
    time.nowMs = noon + 1000;
    expect(await cache.getOrLoad('a', async () => 'fresh')).toEqual({ value: 'fresh', isHit: false });
  });

  test('rejects all callers of a failed load, and loads again for the next one', async () => {
    const { cache, get } = createCache();
    const failure = new Rejected('balance_not_found', 'There is no balance of alice.', 404);
    const getFailing = () => cache.getOrLoad('a', async () => Promise.reject(failure));
    const results = await Promise.allSettled([getFailing(), getFailing()]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    expect(await get('a')).toEqual({ value: 'a0', isHit: false });
  });

  test('evicts the oldest key at its maximum size', async () => {
    const { get } = createCache(2);
    for (const key of ['a', 'b', 'c']) await get(key);
    expect((await get('c')).isHit).toBe(true);
    expect((await get('b')).isHit).toBe(true);
    expect((await get('a')).isHit).toBe(false);
  });
});
