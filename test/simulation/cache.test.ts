import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import type { CacheDefinition } from '../../lambdas/shared/cache/definition.ts';
import { CacheEnvironment } from '../../lambdas/shared/cache/environment.ts';
import { FEED_INTERVAL_MS } from '../../lambdas/shared/cache/feed.ts';
import { publishChange } from '../../lambdas/shared/cache/invalidate.ts';
import type { ReadCache } from '../../lambdas/shared/cache/read-cache.ts';
import type { CacheStatus } from '../../lambdas/shared/cache/x-cache.ts';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import { type Store, WriteRefused } from '../../lambdas/shared/store/store.ts';
import { type Item, itemCache } from '../support/cache-fixture.ts';
import { createMemoryStore } from '../support/memory-store.ts';
import { seeded, virtualClock } from '../support/virtual-clock.ts';

const ENVIRONMENTS = 4;
const KEYS = ['a', 'b', 'c', 'd', 'e'];
const HISTORY_MS = 20_000;
const DEADLINE_MS = 5000;
/** A TTL that is short enough to pass often in a history. */
const definition: CacheDefinition<Item> = { ...itemCache, groups: 2, ttlMs: 4000, absentTtlMs: 1000 };

interface Faults {
  /** The probabilities that a call is refused, gets no response until its deadline, or is applied without one. */
  readonly busy: number;
  readonly hang: number;
  readonly lostResponse: number;
  /** The probability that an environment is killed during a load. */
  readonly crash: number;
  /** The probability that an event is lost, and that it is processed twice. */
  readonly lostEvent: number;
  readonly duplicate: number;
  /** The greatest difference of a clock from the true time. */
  readonly skewMs: number;
  /** A memory this small evicts entries all the time. */
  readonly maxCharacters?: number;
}

const noFaults: Faults = { busy: 0, hang: 0, lostResponse: 0, crash: 0, lostEvent: 0, duplicate: 0, skewMs: 0 };
const allFaults: Faults = {
  busy: 0.03,
  hang: 0.01,
  lostResponse: 0.02,
  crash: 0.02,
  lostEvent: 0.1,
  duplicate: 0.2,
  skewMs: 900,
};

interface Read {
  readonly key: string;
  readonly environment: string;
  readonly startMs: number;
  readonly endMs: number;
  readonly version: number;
  readonly status: CacheStatus;
}

/** An execution environment. After a crash, another one takes its place, with an empty memory. */
interface Environment {
  readonly name: string;
  readonly clock: Clock;
  readonly cache: ReadCache<Item>;
  readonly crashed: Promise<'crashed'>;
  readonly crash: () => void;
}

/** A history of reads, writes and events in several environments, with seeded times and faults. */
class History {
  readonly clock;
  readonly reads: Read[] = [];
  /** The times at which the source got each version of a key, by key. The first version exists from the start. */
  readonly writtenAtMs = new Map<string, number[]>(KEYS.map((key) => [key, [Number.NEGATIVE_INFINITY]]));
  /** When the event of each change had been processed. */
  readonly processed: { readonly key: string; readonly version: number; readonly endMs: number }[] = [];
  readonly failures: unknown[] = [];
  /** Loads of a key that began while another one was running, and not because a change has ended its lease. */
  overlappingLoads = 0;
  loads = 0;
  readonly #faults: Faults;
  readonly #random: () => number;
  readonly #store: Store;
  readonly #environments: Environment[] = [];
  /** The environments that are loading a key and have not been overtaken by a change, by key. */
  readonly #loading = new Map<string, Set<string>>();
  #names = 0;

  constructor(seed: number, faults: Faults) {
    this.clock = virtualClock(seed);
    this.#random = seeded(seed + 1);
    this.#faults = faults;
    this.#store = this.#withFaults(createMemoryStore({ now: this.clock.now }), Number.POSITIVE_INFINITY);
    for (let index = 0; index < ENVIRONMENTS; index++) {
      const skewMs = (this.#random() * 2 - 1) * faults.skewMs;
      const clock = { ...this.clock, now: () => this.clock.now() + skewMs };
      this.#environments.push(this.#start(clock));
    }
  }

  async run(): Promise<void> {
    const { clock } = this;
    const endMs = clock.now() + HISTORY_MS;
    const pending: Promise<void>[] = [];
    const script = async () => {
      while (clock.now() < endMs) {
        pending.push(this.#random() < 0.1 ? this.#change(this.#pick(KEYS)) : this.#read(this.#pick(KEYS)));
        await clock.sleep(this.#random() * 60);
      }
      await Promise.all(pending);
    };
    let isDone = false;
    const done = script().finally(() => {
      isDone = true;
    });
    done.catch((error: unknown) => this.failures.push(error));
    await clock.runUntil(() => isDone);
    if (!isDone) throw new Error('a read never ended');
  }

  #start(clock: Clock): Environment {
    const { maxCharacters = definition.maxCharacters } = this.#faults;
    const cache = new CacheEnvironment({ store: this.#store, clock }).createCache({ ...definition, maxCharacters });
    const { promise: crashed, resolve } = Promise.withResolvers<'crashed'>();
    return { name: `environment ${this.#names++}`, clock, cache, crashed, crash: () => resolve('crashed') };
  }

  #pick<T>(list: readonly T[]): T {
    return list[Math.floor(this.#random() * list.length)] as T;
  }

  async #read(key: string): Promise<void> {
    const environment = this.#pick(this.#environments);
    const { name, cache, clock, crashed } = environment;
    const startMs = this.clock.now();
    const request = {
      deadlineMs: clock.now() + DEADLINE_MS,
      load: (keys: readonly string[]) => this.#load(environment, keys),
    };
    try {
      // A crash ends all reads of its environment.
      const result = await Promise.race([cache.get(key, request), crashed]);
      if (result === 'crashed') return;
      const { value, status } = result;
      const endMs = this.clock.now();
      this.reads.push({ key, environment: name, startMs, endMs, version: value?.version ?? 0, status });
    } catch (error) {
      if (!(error instanceof Busy)) this.failures.push(error);
    }
  }

  async #load(environment: Environment, keys: readonly string[]) {
    const { name } = environment;
    this.loads += 1;
    for (const key of keys) {
      const loading = this.#loading.get(key) ?? new Set();
      if (loading.size > 0) this.overlappingLoads += 1;
      this.#loading.set(key, loading.add(name));
    }
    try {
      await this.clock.sleep(this.#random() * 30);
      if (this.#random() < this.#faults.crash) {
        const index = this.#environments.indexOf(environment);
        if (index >= 0) this.#environments[index] = this.#start(environment.clock);
        environment.crash();
        await new Promise(() => {});
      }
      if (this.#random() < this.#faults.busy) throw new Busy('the source is throttled');
      const found = keys.map((key) => {
        const version = this.writtenAtMs.get(key)?.length ?? 0;
        return [key, { value: { key, version }, version }] as const;
      });
      await this.clock.sleep(this.#random() * 30);
      return new Map(found);
    } finally {
      for (const key of keys) this.#loading.get(key)?.delete(name);
    }
  }

  /** Changes the source. Its event is processed some time later, perhaps twice or never. */
  async #change(key: string): Promise<void> {
    const times = this.writtenAtMs.get(key) ?? [];
    times.push(this.clock.now());
    const version = times.length;
    if (this.#random() < this.#faults.lostEvent) return;
    const deliveries = this.#random() < this.#faults.duplicate ? 2 : 1;
    const carriesValue = this.#random() < 0.5;
    for (let delivery = 0; delivery < deliveries; delivery++) {
      await this.clock.sleep(this.#random() * 400);
      await this.#processEvent(key, version, carriesValue);
    }
  }

  /** Processes an event until it succeeds, as a queue would repeat it. */
  async #processEvent(key: string, version: number, carriesValue: boolean): Promise<void> {
    for (;;) {
      const readAtMs = this.clock.now();
      const current = this.writtenAtMs.get(key)?.length ?? version;
      await this.clock.sleep(this.#random() * 10);
      const change = carriesValue ? { version: current, value: { key, version: current } } : { version };
      try {
        const store = this.#onWrite(this.#store, () => this.#loading.get(key)?.clear());
        const ports = { store, clock: this.clock };
        await publishChange(ports, definition, { key, readAtMs, ...change }, this.clock.now() + 2000);
        this.processed.push({ key, version, endMs: this.clock.now() });
        return;
      } catch (error) {
        if (!(error instanceof Busy)) throw error;
      }
    }
  }

  /** A change ends the lease of a load by a write, after which another load may begin. */
  #onWrite(store: Store, onWrite: () => void): Store {
    return {
      ...store,
      write: (writes, token) => {
        onWrite();
        return store.write(writes, token).finally(onWrite);
      },
      withDeadline: (ms) => this.#onWrite(store.withDeadline(ms), onWrite),
    };
  }

  #withFaults(store: Store, deadlineMs: number): Store {
    const call = async <T>(run: () => Promise<T>, onNoResponse: () => Error): Promise<T> => {
      const { busy, hang } = this.#faults;
      await this.clock.sleep(this.#random() * 10);
      const drawn = this.#random();
      if (drawn < busy) throw new Busy('throttled');
      const leftMs = Math.min(deadlineMs, this.clock.now() + 3000) - this.clock.now();
      if (drawn < busy + hang) {
        await this.clock.sleep(Math.max(0, leftMs));
        throw onNoResponse();
      }
      const result = await run();
      await this.clock.sleep(this.#random() * 10);
      return result;
    };
    const noResponse = () => new Busy('no response');
    return {
      get: (key) => call(() => store.get(key), noResponse),
      getMany: (keys) => call(() => store.getMany(keys), noResponse),
      query: (query) => call(() => store.query(query), noResponse),
      write: (writes, token) => {
        const refused = () => new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
        return call(async () => {
          await store.write(writes, token);
          if (this.#random() < this.#faults.lostResponse) throw refused();
        }, refused);
      },
      withDeadline: (ms) => this.#withFaults(store, ms),
    };
  }
}

/** Returns what a history shows that a cache must not do. */
function findViolations(history: History, { skewMs }: Faults): string[] {
  const violations = history.failures.map(String);
  const newestSeen = new Map<string, Read>();
  for (const read of history.reads) {
    const { key, environment, startMs, endMs, version, status } = read;
    const describe = `${status} read of ${key} version ${version} in ${environment} at ${endMs}`;
    const earlier = newestSeen.get(`${environment} ${key}`);
    if (earlier && earlier.endMs <= startMs && version < earlier.version)
      violations.push(`${describe} after version ${earlier.version} had been read`);
    if (!earlier || version > earlier.version) newestSeen.set(`${environment} ${key}`, read);
    const supersededMs = history.writtenAtMs.get(key)?.[version] ?? Number.POSITIVE_INFINITY;
    if (supersededMs < startMs - definition.ttlMs - 2 * skewMs) violations.push(`${describe} is older than its TTL`);
    const known = history.processed.filter(
      (change) => change.key === key && change.endMs <= startMs - FEED_INTERVAL_MS && status !== 'stale',
    );
    const newest = Math.max(0, ...known.map((change) => change.version));
    if (version < newest) violations.push(`${describe} more than a second after version ${newest} was processed`);
    if (endMs > startMs + DEADLINE_MS + 2000) violations.push(`${describe} took ${endMs - startMs} ms`);
  }
  return violations;
}

async function runHistory(seed: number, faults: Faults): Promise<History> {
  const history = new History(seed, faults);
  await history.run();
  expect({ seed, violations: findViolations(history, faults) }).toEqual({ seed, violations: [] });
  expect(history.reads.length).toBeGreaterThan(400);
  expect(history.processed.length).toBeGreaterThan(10);
  return history;
}

/** `SEEDS=500 npm test -- test/simulation/cache.test.ts` runs more histories. */
const RUNS = Number(process.env['SEEDS'] ?? 15);
const seeds = fc.integer({ min: 0, max: 2 ** 30 });

describe('random histories of several environments', () => {
  test('without faults load each key once at a time, and keep all bounds', async () => {
    const property = fc.asyncProperty(seeds, async (seed) => {
      const history = await runHistory(seed, noFaults);
      expect(history.loads).toBeLessThan(history.reads.length / 5);
      expect(history.overlappingLoads).toBe(0);
    });
    await fc.assert(property, { numRuns: RUNS });
  }, 120_000);

  test('with throttles, hanging calls, crashes, lost and repeated events, and wrong clocks keep all bounds', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => void (await runHistory(seed, allFaults))),
      { numRuns: RUNS },
    );
  }, 120_000);

  test('with a memory that evicts entries all the time keep all bounds', async () => {
    await fc.assert(
      fc.asyncProperty(seeds, async (seed) => void (await runHistory(seed, { ...allFaults, maxCharacters: 260 }))),
      { numRuns: RUNS },
    );
  }, 120_000);
});
