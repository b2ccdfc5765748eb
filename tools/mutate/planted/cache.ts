import { bugsIn, type PlantedBug } from '../planted-bug.ts';

const MEMORY_TEST = 'test/unit/shared/cache/memory.test.ts';
const CATALOG_TEST = 'test/unit/catalog/cached-products.test.ts';
const CACHE_TEST = 'test/unit/shared/cache/read-cache.test.ts';
const ROW_TEST = 'test/unit/shared/cache/group-row.test.ts';
const FEED_TEST = 'test/unit/shared/cache/feed.test.ts';

/** Bugs in the read cache: old values are served, or the source gets the load that the cache should take. */
export const plantedInCache: readonly PlantedBug[] = [
  ...bugsIn('lambdas/shared/cache/memory.ts', [
    {
      name: 'older version after a newer one',
      find: 'if (known) return !isOlder(entry.version, known.floor);',
      replace: 'if (known) return true;',
      consequence: 'A reader gets an older value after another has got a newer one.',
      caughtBy: [MEMORY_TEST, 'accepts no older version, also after the newer one has expired'],
    },
    {
      name: 'invalidated load is kept',
      find: ' || this.#isInvalidated(key, entry, flight)) return false;',
      replace: ') return false;',
      consequence: 'A load that began before a change stores the older value in memory until its TTL.',
      caughtBy: [MEMORY_TEST, 'accepts nothing that was invalidated while it was read, although the key was unknown'],
    },
    {
      name: 'expired value in memory',
      find: 'return entry && this.#clock.now() < entry.untilMs ? entry : undefined;',
      replace: 'return entry;',
      consequence: 'A value whose invalidation was lost is served forever.',
      caughtBy: [CACHE_TEST, 'whose event was lost is served when the TTL has passed'],
    },
    {
      name: 'evicted version is forgotten',
      find: '?? this.#evicted.peek(key);\n    if (known)',
      replace: ';\n    if (known)',
      consequence: 'After an eviction, a reader gets an older value from a row.',
      caughtBy: [MEMORY_TEST, 'accepts no row entry that may be older than an evicted one'],
    },
    {
      name: 'forgotten version is ignored',
      find: 'loadedAtMs - skewMs < this.#forgottenAtMs;',
      replace: 'loadedAtMs - skewMs < Number.NEGATIVE_INFINITY;',
      consequence: 'After 20,000 evictions, a reader gets an older value from a row.',
      caughtBy: [MEMORY_TEST, 'refuses row entries from before the last of 20,000 evicted keys'],
    },
    {
      name: 'no version of an evicted entry is remembered',
      find: 'const MAX_EVICTED_KEYS = 20_000;',
      replace: 'const MAX_EVICTED_KEYS = 1;',
      consequence: 'With a memory that is smaller than the working set, the cache takes more units than no cache.',
      caughtBy: ['test/unit/shared/cache/zipf.test.ts', 'of the catalog, 20,000 reads take'],
    },
    {
      name: 'gap in the feed is ignored',
      find: 'this.#generation += 1;',
      replace: '',
      consequence: 'An environment that has missed an invalidation serves the old value until its TTL.',
      caughtBy: [CACHE_TEST, 'missed by an idle environment makes it read all values again'],
    },
    {
      name: 'unknown keys take the room of values',
      find: 'if (entry.value === undefined) this.#absent.set(key, held);',
      replace: 'if (entry.value === undefined) this.#values.set(key, held);',
      consequence: 'Requests for random keys empty the memory.',
      caughtBy: [MEMORY_TEST, 'keeps unknown keys apart from values, up to 1,000 of them'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/group-row.ts', [
    {
      name: 'expired entry of a row',
      find: 'if (untilMs > nowMs && loadedAtMs <=',
      replace: 'if (loadedAtMs <=',
      consequence: 'An expired value is served for as long as the other entries of its row are refreshed.',
      caughtBy: [ROW_TEST, 'serves no expired entry, although the row still exists'],
    },
    {
      name: 'entry from the future',
      find: ' && loadedAtMs <= nowMs + MAX_CLOCK_SKEW_MS)',
      replace: ')',
      consequence: 'An environment whose clock is wrong by a day makes all others serve its values for a day.',
      caughtBy: [CACHE_TEST, 'of an environment whose clock is an hour ahead is not served by others'],
    },
    {
      name: 'versions of a row start again',
      find: 'version: version === undefined ? nowMs : version + 1,',
      replace: 'version: (version ?? 0) + 1,',
      consequence: 'A write that was decided on a deleted row overwrites its successor.',
      caughtBy: [ROW_TEST, 'never repeats a version after it was deleted'],
    },
    {
      name: 'row without a limit',
      find: 'if (characters + size > MAX_ROW_CHARACTERS) return false;',
      replace: '',
      consequence: 'A row grows until DynamoDB refuses it, and each write costs hundreds of units.',
      caughtBy: [ROW_TEST, 'keeps the newest entries within 32,768 characters'],
    },
    {
      name: 'unknown keys fill a row',
      find: 'if (entry[1].value === undefined && absentKeys > MAX_ABSENT_KEYS) return false;',
      replace: '',
      consequence: 'Requests for random keys push the values out of the rows.',
      caughtBy: [CACHE_TEST, 'evicts no value and fills no row, however many there are'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/group-rows.ts', [
    {
      name: 'lease of another caller is taken',
      find: 'return !isLeased && !(entry',
      replace: 'return !(entry',
      consequence: 'Each environment loads a cold key, and the source gets the load of all of them.',
      caughtBy: [CACHE_TEST, 'is loaded once for 200 callers at once in 8 environments'],
    },
    {
      name: 'lease never ends',
      find: 'lease.untilMs > nowMs && !isOver(lease.owner);',
      replace: 'lease.untilMs > 0;',
      consequence: 'A crashed environment stops all others from caching the key.',
      caughtBy: [CACHE_TEST, 'is loaded by another caller when the lease of a crashed one has ended, and not before'],
    },
    {
      name: 'load without its lease is stored',
      find: 'if (owned.length === 0) return { result: undefined };',
      replace: 'if (owned.length === 0) owned.push(...stored.entries.keys());',
      consequence: 'A load that began before a change stores the older value in the row.',
      caughtBy: [
        'test/unit/shared/cache/group-rows.test.ts',
        'stores nothing that was invalidated after the load began',
      ],
    },
    {
      name: 'older load replaces a newer entry',
      find: 'if (loaded && !(current && isOlder(loaded.version, current.version)))',
      replace: 'if (loaded)',
      consequence: 'The row goes back to an older value.',
      caughtBy: ['test/unit/shared/cache/group-rows.test.ts', 'never replaces an entry by an older one'],
    },
    {
      name: 'change leaves the lease of a load',
      find: 'leases: new Map([...leases].filter(([leasedKey]) => leasedKey !== key)) },',
      replace: 'leases },',
      consequence: 'A load that began before a change stores the older value in the row.',
      caughtBy: [
        'test/unit/shared/cache/group-rows.test.ts',
        'stores nothing that was invalidated after the load began',
      ],
    },
    {
      name: 'cache row without its version',
      find: 'const when = before.version === undefined ? absent : versionIs(before.version);',
      replace: 'const when = absent && (undefined as never);',
      consequence: 'Two environments that load different keys of one row lose the lease and the entry of one of them.',
      caughtBy: [
        'test/unit/catalog/written-conditions.test.ts',
        'the cache rows of a product are written under their version, and expire',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/feed.ts', [
    {
      name: 'feed is read once',
      find: 'if (isWithin(FEED_INTERVAL_MS, this.#readAtMs, nowMs)) return true;',
      replace: 'if (this.#readAtMs > 0) return true;',
      consequence: 'No environment learns of a change before the TTL has passed.',
      caughtBy: [CACHE_TEST, 'is served by no environment for longer than a second after its event was processed'],
    },
    {
      name: 'clock that is set back extends the interval',
      find: 'if (isWithin(FEED_INTERVAL_MS, this.#readAtMs, nowMs)) return true;',
      replace: 'if (nowMs - this.#readAtMs < FEED_INTERVAL_MS) return true;',
      consequence: 'An environment serves old values for as long as its clock was set back.',
      caughtBy: ['test/unit/shared/cache/feed.test.ts', 'is read again at once if the clock was set back'],
    },
    {
      name: 'interval from the end of the read',
      find: 'this.#readAtMs = startMs;',
      replace: 'this.#readAtMs = this.#ports.clock.now();',
      consequence: 'An old value is served for longer than a second if the read of the feed was slow.',
      caughtBy: [FEED_TEST, 'counts the second from the start of a read'],
    },
    {
      name: 'dropped announcements are not noticed',
      find: ' || (feed?.dropped ?? 0) > this.#version)) this.#listener.onGap();',
      replace: ')) this.#listener.onGap();',
      consequence: 'An environment that was idle for a minute serves values that were changed meanwhile.',
      caughtBy: [FEED_TEST, 'drops what is older than 30 s, and reports the gap to an environment that has missed it'],
    },
    {
      name: 'memory is trusted without the feed',
      find: 'this.#failedAtMs = startMs;',
      replace: 'this.#readAtMs = startMs;',
      consequence: 'While the table throttles, changes are not noticed and old values count as current.',
      caughtBy: [FEED_TEST, 'that does not respond makes the memory unusable, and is read again after a second'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/shared-rows.ts', [
    {
      name: 'callers do not wait for a lease',
      find: 'if (fetch.isRefresh || clock.now() + waitMs > waitUntilMs) return undefined;',
      replace: 'return undefined;',
      consequence: 'Each environment loads a cold key, and the source gets the load of all of them.',
      caughtBy: [CACHE_TEST, 'is loaded once for 200 callers at once in 8 environments'],
    },
    {
      name: 'row without a time limit',
      find: 'return await call(Math.min(deadlineMs, clock.now() + ROW_TIMEOUT_MS));',
      replace: 'return await call(deadlineMs);',
      consequence: 'A row that hangs uses up the time of the request, and the source is never asked.',
      caughtBy: [CACHE_TEST, 'of all rows costs at most a second, and the source is asked'],
    },
    {
      name: 'failed row is tried again at once',
      find: 'this.#pausedUntilMs = clock.now() + PAUSE_AFTER_FAILURE_MS;',
      replace: '',
      consequence: 'Each request waits for a row that does not respond.',
      caughtBy: [CACHE_TEST, 'of all rows costs at most a second, and the source is asked'],
    },
    {
      name: 'lease of a wrong clock',
      find: '|| isOver(lease.owner)) {',
      replace: ') {',
      consequence: 'An environment whose clock is an hour ahead stops others from loading a key for an hour.',
      caughtBy: [CACHE_TEST, 'is loaded despite a lease whose owner has a clock that is an hour ahead'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/shared-rows.ts', [
    {
      name: 'entry that is refused here is written again',
      find: 'if (!hasWaited && (await fetch.isLoadedAlone(group.entries.get(fetch.key)))) return undefined;',
      replace: '',
      consequence: 'An environment with a small memory rewrites rows that are good for the others.',
      caughtBy: [CACHE_TEST, 'in a row that may be older than one whose version was forgotten is loaded'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/running-fetches.ts', [
    {
      name: 'each caller loads for itself',
      find: 'const running = this.#running.get(key);',
      replace: 'const running = this.#running.get(`${key}#`);',
      consequence: 'A cold key is loaded once for each caller.',
      caughtBy: [CACHE_TEST, 'is loaded once for 200 callers at once in one environment'],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/read-cache.ts', [
    {
      name: 'no early refresh',
      find: 'isDueEarly(held, clock.now(), clock.random()) ? ',
      replace: 'isDueEarly(held, 0, 0) ? ',
      consequence: 'Each time a hot key expires, all of its readers wait for a load.',
      caughtBy: [CACHE_TEST, 'is refreshed before it expires, so that no reader waits for a load'],
    },
    {
      name: 'failed refresh fails its reader',
      find: "      if (!(error instanceof Busy)) throw error;\n      logger.info('cached value not refreshed early'",
      replace: "      throw error;\n      logger.info('cached value not refreshed early'",
      consequence: 'A reader gets an error although a good value is in memory.',
      caughtBy: [CACHE_TEST, 'is served although its early refresh fails'],
    },
    {
      name: 'value loaded twice is kept',
      find: 'if (!fetched || this.#memory.accept(key, fetched.entry, flight)) return fetched;',
      replace: 'if (!fetched || this.#memory.accept(key, fetched.entry, flight) || loads > 0) return fetched;',
      consequence: 'A reader gets an older value than its own environment has written meanwhile.',
      caughtBy: [
        CACHE_TEST,
        'written by the environment itself is read back by it, also while an older load is running',
      ],
    },
  ]),
  ...bugsIn('lambdas/shared/cache/invalidate.ts', [
    {
      name: 'change is not announced',
      find: 'await announce(ports, [{ cache: name, key, version }], deadlineMs);',
      replace: 'if (groups < 0) await announce(ports, [{ cache: name, key, version }], deadlineMs);',
      consequence: 'Environments serve the old value from memory until its TTL.',
      caughtBy: [CACHE_TEST, 'is served by no environment for longer than a second after its event was processed'],
    },
  ]),
  ...bugsIn('lambdas/catalog/cached-products.ts', [
    {
      name: 'unknown products take leases',
      find: 'const isListed = !listed || ',
      replace: 'const isListed = true || !listed || ',
      consequence: 'Each request for an unknown product rewrites a cache row twice.',
      caughtBy: [CATALOG_TEST, 'takes two read units and no write unit, however many are asked for'],
    },
    {
      name: 'list of SKUs is not renewed',
      find: 'if (found.some(({ sku }) => unlisted.has(sku))) allSkus.distrustAll();',
      replace: '',
      consequence: 'A new product is loaded by each environment for itself.',
      caughtBy: [CATALOG_TEST, 'is found as soon as it was created, and is then shared by all environments'],
    },
    {
      name: 'full list counts as complete',
      find: " || (listed.length >= MAX_SKUS && sku > (listed.at(-1) ?? ''));",
      replace: ';',
      consequence: 'In a large catalog, each environment loads a cold product for itself.',
      caughtBy: [CATALOG_TEST, 'is asked for under a lease if the list of all SKUs ends before it'],
    },
  ]),
  ...bugsIn('lambdas/catalog/put-product.ts', [
    {
      name: 'own write is not remembered',
      find: 'cached.remember(product);',
      replace: '',
      consequence: 'A client that has changed a product gets the old one back.',
      caughtBy: ['test/unit/catalog/products.test.ts', 'put with another stock is read back at once'],
    },
  ]),
];
