import { describe, expect, test } from 'vitest';
import { UNCACHED } from '../../../../lambdas/shared/cache/entry.ts';
import { LEASE_MS } from '../../../../lambdas/shared/cache/group-rows.ts';
import { ReadCache } from '../../../../lambdas/shared/cache/read-cache.ts';
import { Busy, Rejected } from '../../../../lambdas/shared/runtime/errors.ts';
import { CacheWorld, type Item, itemCache, parseItem } from '../../../support/cache-fixture.ts';
import { overrideStore } from '../../../support/memory-store.ts';
import { virtualClock } from '../../../support/virtual-clock.ts';

const createWorld = (options: Partial<ConstructorParameters<typeof CacheWorld>[0]> = {}) => {
  const clock = virtualClock(1);
  const world = new CacheWorld({ clock: { ...clock, random: () => 0 }, ...options });
  world.source.set('a', 1);
  return world;
};

const hit = (version: number, key = 'a') => ({ value: { key, version }, status: 'hit' });
const miss = (version: number, key = 'a') => ({ value: { key, version }, status: 'miss' });
const pass = (world: CacheWorld, ms: number) => world.run(world.clock.sleep(ms));

describe('a cached value', () => {
  test('is loaded once, then read from memory, and from the row by another environment', async () => {
    const world = createWorld({ environments: 2 });
    expect(await world.run(world.get('a'))).toEqual(miss(1));
    expect(await world.run(world.get('a'))).toEqual(hit(1));
    expect(await world.run(world.get('a', 1))).toEqual(hit(1));
    expect(world.loads).toEqual([['a']]);
  });

  test('is served until its TTL has passed, counted from the start of its load, in memory and in the row', async () => {
    const world = createWorld({ environments: 2, definition: { ...itemCache, ttlMs: 10_000 } });
    const startMs = world.clock.now();
    world.onLoad = () => world.clock.sleep(500);
    await world.run(world.get('a'));
    world.change('a');
    await pass(world, startMs + 9900 - world.clock.now());
    expect(await world.run(world.get('a'))).toEqual(hit(1));
    await pass(world, startMs + 10_050 - world.clock.now());
    expect(await world.run(world.get('a', 1))).toEqual(miss(2));
  });

  test.each([
    ['rows', 4],
    ['no rows', 0],
  ])('is loaded once for 200 callers at once in one environment with %s', async (_, groups) => {
    const world = createWorld({ definition: { ...itemCache, groups } });
    const results = await world.run(Promise.all(Array.from({ length: 200 }, () => world.get('a'))));
    expect(results).toEqual(Array.from({ length: 200 }, () => miss(1)));
    expect(world.loads).toEqual([['a']]);
  });

  test('is loaded once for 200 callers at once in 8 environments', async () => {
    const world = createWorld({ environments: 8 });
    world.onLoad = () => world.clock.sleep(100);
    const results = await world.run(Promise.all(Array.from({ length: 200 }, (_, index) => world.get('a', index % 8))));
    expect(results.map(({ value }) => value?.version)).toEqual(Array.from({ length: 200 }, () => 1));
    expect(world.loads).toEqual([['a']]);
  });

  test('is loaded by another caller when the lease of a crashed one has ended, and not before', async () => {
    let isCrashed = true;
    const world = createWorld({ environments: 3 });
    world.onLoad = () => (isCrashed ? new Promise(() => {}) : Promise.resolve());
    void world.get('a');
    await pass(world, 50);
    isCrashed = false;
    const startMs = world.clock.now();
    await world.run(Promise.all([world.get('a', 1), world.get('a', 2)]));
    const waitedMs = world.clock.now() - startMs;
    expect(waitedMs).toBeGreaterThan(LEASE_MS - 100);
    expect(waitedMs).toBeLessThan(LEASE_MS + 400);
    expect(world.loads).toEqual([['a'], ['a']]);
  });

  test('is loaded despite a lease whose owner has a clock that is an hour ahead', async () => {
    const world = createWorld({ environments: 3, skewMs: (environment) => (environment === 0 ? 3_600_000 : 0) });
    world.onLoad = () => (world.loads.length === 1 ? new Promise(() => {}) : Promise.resolve());
    void world.get('a', 0, 4_000_000);
    await pass(world, 50);
    const startMs = world.clock.now();
    expect(await world.run(world.get('a', 1))).toEqual(miss(1));
    expect(world.clock.now() - startMs).toBeLessThan(LEASE_MS + 400);
    // It was loaded under a new lease, and not past the old one, so that it is in the row.
    expect(await world.run(world.get('a', 2))).toEqual(hit(1));
  });

  test('of an environment whose clock is an hour ahead is not served by others', async () => {
    const world = createWorld({ environments: 2, skewMs: (environment) => (environment === 0 ? 3_600_000 : 0) });
    await world.run(world.get('a', 0, 4_000_000));
    expect(await world.run(world.get('a', 1))).toEqual(miss(1));
  });

  test('in a row that may be older than one whose version was forgotten is loaded, and the row is not written', async () => {
    const world = createWorld({ environments: 2, definition: { ...itemCache, maxCharacters: 1000 } });
    await world.run(world.get('a'));
    await pass(world, 3000);
    for (let index = 0; index < 20_020; index++)
      world.caches[1]?.remember(`k${index}`, { value: { key: `k${index}`, version: 1 }, version: 1 });
    const { writes } = world.capacity;
    expect(await world.run(world.get('a', 1))).toEqual(miss(1));
    expect(world.capacity.writes).toBe(writes);
    expect(await world.run(world.get('a', 1))).toEqual(hit(1));
  });

  test('of a key above 256 characters is loaded each time', async () => {
    const world = createWorld();
    const key = 'x'.repeat(257);
    world.source.set(key, 1);
    for (let call = 0; call < 2; call++) expect(await world.run(world.get(key))).toEqual(miss(1, key));
    expect(world.loads).toHaveLength(2);
  });

  test.each(['__proto__', 'constructor', 'a#b', '🎫', '" \\ \n'])('may have the key %j', async (key) => {
    const world = createWorld({ environments: 2 });
    world.source.set(key, 3);
    expect(await world.run(world.get(key))).toEqual(miss(3, key));
    expect(await world.run(world.get(key, 1))).toEqual(hit(3, key));
  });

  test('written by the environment itself is read back by it, also while an older load is running', async () => {
    const world = createWorld();
    world.onLoad = () => world.clock.sleep(100);
    const loading = world.get('a');
    await pass(world, 60);
    const version = world.change('a');
    world.caches[0]?.remember('a', { value: { key: 'a', version }, version });
    expect(await world.run(world.get('a'))).toEqual(hit(2));
    expect((await world.run(loading)).value).toEqual({ key: 'a', version: 2 });
    expect(await world.run(world.get('a'))).toEqual(hit(2));
  });
});

describe('a key that the source does not have', () => {
  test('is remembered for a short time, and found when it is created', async () => {
    const world = createWorld({ environments: 2 });
    const absent = (status: string) => ({ value: undefined, status });
    expect(await world.run(world.get('new'))).toEqual(absent('miss'));
    expect(await world.run(world.get('new'))).toEqual(absent('hit'));
    expect(await world.run(world.get('new', 1))).toEqual(absent('hit'));
    await world.run(world.processEvent('new', world.change('new')));
    await pass(world, 1000);
    for (const environment of [0, 1])
      expect((await world.run(world.get('new', environment))).value).toEqual({ key: 'new', version: 1 });
  });

  test('is loaded again after its own TTL', async () => {
    const world = createWorld();
    await world.run(world.get('new'));
    world.change('new');
    await pass(world, itemCache.absentTtlMs);
    expect(await world.run(world.get('new'))).toEqual(miss(1, 'new'));
  });

  test('evicts no value and fills no row, however many there are', async () => {
    const world = createWorld({ definition: { ...itemCache, groups: 1, maxCharacters: 2000 } });
    await world.run(world.get('a'));
    for (let index = 0; index < 300; index++) await world.run(world.get(`unknown-${index}`));
    expect(await world.run(world.get('a'))).toEqual(hit(1));
    const row = world.rows.all().find(({ pk }) => pk === 'CACHE#items.1#0');
    expect(String(row?.['data']).length).toBeLessThan(1000);
  });
});

describe('a change', () => {
  test('is served by no environment for longer than a second after its event was processed', async () => {
    const world = createWorld({ environments: 8 });
    const all = () => world.run(Promise.all(Array.from({ length: 8 }, (_, index) => world.get('a', index))));
    await all();
    await world.run(world.processEvent('a', world.change('a')));
    await pass(world, 1000);
    expect((await all()).map(({ value }) => value?.version)).toEqual(Array.from({ length: 8 }, () => 2));
  });

  test('whose event carries the value needs no load', async () => {
    const world = createWorld({ environments: 2 });
    for (const environment of [0, 1]) await world.run(world.get('a', environment));
    await world.run(world.processEvent('a', world.change('a'), true));
    await pass(world, 1000);
    for (const environment of [0, 1]) expect(await world.run(world.get('a', environment))).toEqual(hit(2));
    expect(world.loads).toHaveLength(1);
  });

  test('whose event was lost is served when the TTL has passed', async () => {
    const world = createWorld();
    await world.run(world.get('a'));
    world.change('a');
    await pass(world, itemCache.ttlMs);
    expect(await world.run(world.get('a'))).toEqual(miss(2));
  });

  test('during a load is not overwritten by its older value, neither in memory nor in the row', async () => {
    const world = createWorld({ environments: 2 });
    world.onLoad = () => (world.loads.length === 1 ? world.clock.sleep(500) : Promise.resolve());
    const loading = world.get('a');
    await pass(world, 100);
    await world.run(world.processEvent('a', world.change('a')));
    await world.run(loading);
    await pass(world, 1000);
    expect((await world.run(world.get('a', 1))).value?.version).toBe(2);
    expect((await world.run(world.get('a', 0))).value?.version).toBe(2);
  });

  test('announced twice is written once', async () => {
    const world = createWorld();
    await world.run(world.get('a'));
    const version = world.change('a');
    await world.run(world.processEvent('a', version, true));
    const { writes } = world.capacity;
    await world.run(world.processEvent('a', version, true));
    expect(world.capacity.writes).toBe(writes);
  });

  test('of a key that nobody has asked for writes no row', async () => {
    const world = createWorld();
    await world.run(world.processEvent('a', world.change('a'), true));
    expect(world.rows.all().map(({ pk }) => pk)).toEqual(['CACHE#FEED']);
  });

  test('missed by an idle environment makes it read all values again', async () => {
    const world = createWorld({ environments: 2 });
    await world.run(world.get('a'));
    await world.run(world.processEvent('a', world.change('a')));
    await pass(world, 31_000);
    world.source.set('b', 1);
    await world.run(world.processEvent('b', 1));
    expect((await world.run(world.get('a'))).value?.version).toBe(2);
  });
});

describe('a hot key', () => {
  test('is refreshed before it expires, so that no reader waits for a load', async () => {
    const clock = virtualClock(3);
    const world = new CacheWorld({ clock, environments: 8, latencyMs: () => 10 });
    world.source.set('a', 1);
    await world.run(world.get('a'));
    const startMs = clock.now();
    const statuses: string[] = [];
    const reads: Promise<unknown>[] = [];
    const read = async (index: number) => {
      statuses.push((await world.get('a', index % 8)).status);
    };
    await world.run(
      (async () => {
        for (let index = 0; clock.now() - startMs < 3 * itemCache.ttlMs; index++) {
          reads.push(read(index));
          await clock.sleep(2);
        }
        await Promise.all(reads);
      })(),
    );
    expect(new Set(statuses)).toEqual(new Set(['hit']));
    expect(world.loads.length).toBeGreaterThanOrEqual(3);
    expect(world.loads.length).toBeLessThanOrEqual(6);
  });

  test('is served although its early refresh finds only what must not be cached', async () => {
    const clock = { ...virtualClock(1), random: () => 0.999999 };
    const cache = new ReadCache<Item>({ clock, ttlMs: 1000, maxCharacters: 1000 });
    const get = (version: number, limit: { untilMs?: number } = {}) =>
      cache.get('a', {
        deadlineMs: clock.now() + 5000,
        load: async () => {
          await clock.sleep(50);
          return new Map([['a', { value: { key: 'a', version }, version, ...limit }]]);
        },
      });
    const run = async <T>(work: Promise<T>): Promise<T> => {
      await clock.runUntil(() => false);
      return work;
    };
    expect(await run(get(1))).toEqual(miss(1));
    await run(clock.sleep(900));
    expect(await run(get(2, { untilMs: UNCACHED }))).toEqual(hit(1));
  });

  test('is served although its early refresh fails', async () => {
    // With this number, each reader refreshes what expires soon.
    const world = createWorld({ clock: { ...virtualClock(1), random: () => 0.999999 } });
    await world.run(world.get('a'));
    await pass(world, itemCache.ttlMs - 50);
    world.onLoad = () => Promise.reject(new Busy('throttled'));
    expect(await world.run(world.get('a'))).toEqual(hit(1));
    expect(world.loads).toHaveLength(2);
  });
});

describe('a failure', () => {
  test('of the source is thrown to all callers and not cached', async () => {
    const cache = new ReadCache<Item>({ clock: virtualClock(1), ttlMs: 1000, maxCharacters: 1000 });
    const failing = {
      deadlineMs: Number.POSITIVE_INFINITY,
      load: () => Promise.reject(new Rejected('none', 'none', 404)),
    };
    const results = await Promise.allSettled([cache.get('a', failing), cache.get('a', failing)]);
    expect(results.map(({ status }) => status)).toEqual(['rejected', 'rejected']);
    const load = async () => new Map([['a', { value: { key: 'a', version: 1 }, version: 1 }]]);
    expect(await cache.get('a', { ...failing, load })).toEqual(miss(1));
  });

  test('of the source ends the lease, so that the next caller does not wait', async () => {
    const world = createWorld({ environments: 2 });
    world.onLoad = () => (world.loads.length === 1 ? Promise.reject(new Busy('throttled')) : Promise.resolve());
    await expect(world.run(world.get('a'))).rejects.toThrow('throttled');
    const startMs = world.clock.now();
    expect(await world.run(world.get('a', 1))).toEqual(miss(1));
    expect(world.clock.now() - startMs).toBeLessThan(100);
  });

  test('of all rows costs at most a second, and the source is asked', async () => {
    const clock = virtualClock(1);
    const hanging = (deadlineMs: number) => async (): Promise<never> => {
      await clock.sleep(Math.max(0, deadlineMs - clock.now()));
      throw new Busy('the table does not respond');
    };
    const world = new CacheWorld({
      clock,
      wrapStore: (store) => ({
        ...store,
        withDeadline: (deadlineMs) =>
          overrideStore(store, {
            get: hanging(deadlineMs),
            getMany: hanging(deadlineMs),
            write: hanging(deadlineMs),
          }),
      }),
    });
    world.source.set('a', 1);
    const startMs = clock.now();
    expect(await world.run(world.get('a'))).toEqual(miss(1));
    expect(clock.now() - startMs).toBeLessThan(1000);
    const laterMs = clock.now();
    expect(await world.run(world.get('a'))).toEqual(miss(1));
    expect(clock.now() - laterMs).toBeLessThan(10);
  });

  test('of source and feed serves a value as stale within its TTL, and never after', async () => {
    let isDown = false;
    const down = (): Promise<never> => Promise.reject(new Busy('down'));
    const clock = virtualClock(1);
    const world = new CacheWorld({
      clock: { ...clock, random: () => 0 },
      wrapStore: (store) => ({
        ...store,
        withDeadline: (deadlineMs) =>
          isDown ? overrideStore(store, { get: down, write: down }) : store.withDeadline(deadlineMs),
      }),
    });
    world.source.set('a', 1);
    world.onLoad = () => (isDown ? down() : Promise.resolve());
    await world.run(world.get('a'));
    isDown = true;
    await pass(world, 1000);
    expect(await world.run(world.get('a'))).toEqual({ value: { key: 'a', version: 1 }, status: 'stale' });
    await pass(world, itemCache.ttlMs);
    await expect(world.run(world.get('a'))).rejects.toThrow('down');
  });
});

describe('a row of another release', () => {
  test.each([
    { data: 'no JSON' },
    { data: JSON.stringify({ format: 99, entries: [], leases: [] }) },
    { data: JSON.stringify({ format: 1, entries: [['a', 1, 1]], leases: [] }) },
    { data: JSON.stringify({ format: 1, entries: [['a', 0, 4e12, 1, 1, { other: true }]], leases: [] }) },
    {},
  ])('as %j is a miss and is replaced', async (fields) => {
    const world = createWorld({ environments: 2, definition: { ...itemCache, groups: 1, parse: parseItem } });
    const row = { pk: 'CACHE#items.1#0', sk: 'STATE', version: 7, ...fields };
    await world.rows.write([{ op: 'put', row }], 'token');
    expect(await world.run(world.get('a'))).toEqual(miss(1));
    expect(await world.run(world.get('a', 1))).toEqual(hit(1));
  });
});

describe('a list of keys', () => {
  test('is returned in its order, and loaded in one request', async () => {
    const world = createWorld({ environments: 2, definition: { ...itemCache, groups: 1 } });
    const keys = ['e', 'a', 'd', 'missing', 'b'];
    for (const key of ['a', 'b', 'd', 'e']) world.source.set(key, 1);
    const getMany = (environment: number) =>
      world.run(world.caches[environment]?.getMany(keys, world.request()) ?? Promise.reject(new Error()));
    expect((await getMany(0)).map(({ value }) => value?.key)).toEqual(['e', 'a', 'd', undefined, 'b']);
    expect(world.loads.flat().toSorted()).toEqual(keys.toSorted());
    expect((await getMany(1)).map(({ status }) => status)).toEqual(['hit', 'hit', 'hit', 'hit', 'hit']);
    expect(world.loads.flat()).toHaveLength(keys.length);
  });
});
