import type { CacheDefinition } from '../../lambdas/shared/cache/definition.ts';
import type { Loaded } from '../../lambdas/shared/cache/entry.ts';
import { CacheEnvironment } from '../../lambdas/shared/cache/environment.ts';
import { publishChange } from '../../lambdas/shared/cache/invalidate.ts';
import type { CacheRequest, ReadCache } from '../../lambdas/shared/cache/read-cache.ts';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';
import { type Key, keyOfWrite, type Row, type Store } from '../../lambdas/shared/store/store.ts';
import { createMemoryStore, type MemoryStore } from './memory-store.ts';
import type { VirtualClock } from './virtual-clock.ts';

/** A value of the tests: a text that names its key and its version. */
export interface Item {
  readonly key: string;
  readonly version: number;
}

export const parseItem = (json: unknown): Item => {
  const { key, version } = json as Partial<Item>;
  if (typeof key !== 'string' || typeof version !== 'number') throw new Error('not an item');
  return { key, version };
};

export const itemCache: CacheDefinition<Item> = {
  name: 'items',
  groups: 4,
  ttlMs: 60_000,
  absentTtlMs: 5000,
  maxCharacters: 1_000_000,
  parse: parseItem,
};

/** DynamoDB charges reads by 4 KB and writes by 1 KB of the row, rounded up. */
const unitsOf = (row: Row | undefined, unitBytes: number): number =>
  Math.max(1, Math.ceil(Buffer.byteLength(JSON.stringify(row ?? '')) / unitBytes));

export interface Capacity {
  reads: number;
  readUnits: number;
  writes: number;
  writeUnits: number;
}

/** Wraps a table so that each call takes time, and counts what DynamoDB would charge for. */
export function meteredStore(store: Store, clock: Clock, latencyMs: () => number, used: Capacity): Store {
  const meterRead = (rows: readonly (Row | undefined)[]): void => {
    used.reads += rows.length;
    used.readUnits += rows.reduce((sum, row) => sum + unitsOf(row, 4096), 0);
  };
  const of = (inner: Store): Store => ({
    get: async (key: Key) => {
      await clock.sleep(latencyMs() / 2);
      const row = await inner.get(key);
      await clock.sleep(latencyMs() / 2);
      meterRead([row]);
      return row;
    },
    getMany: async (keys) => {
      await clock.sleep(latencyMs() / 2);
      const rows = await inner.getMany(keys);
      await clock.sleep(latencyMs() / 2);
      meterRead(rows);
      return rows;
    },
    query: async (query) => {
      await clock.sleep(latencyMs());
      const rows = await inner.query(query);
      const { index } = query;
      // An index projects keys only, and its reads cost half as much.
      const projected = index ? rows.map((row) => [row.pk, row.sk, row[index.partitionKey], row[index.sortKey]]) : rows;
      used.reads += 1;
      used.readUnits += Math.max(1, Math.ceil(Buffer.byteLength(JSON.stringify(projected)) / 4096)) / (index ? 2 : 1);
      return rows;
    },
    write: async (writes, token) => {
      await clock.sleep(latencyMs() / 2);
      used.writes += writes.length;
      for (const write of writes)
        used.writeUnits += unitsOf(write.op === 'put' ? write.row : { ...keyOfWrite(write) }, 1024);
      await inner.write(writes, token);
      await clock.sleep(latencyMs() / 2);
    },
    withDeadline: (deadlineMs) => of(inner.withDeadline(deadlineMs)),
  });
  return of(store);
}

interface WorldOptions {
  readonly clock: VirtualClock;
  readonly environments?: number;
  readonly latencyMs?: () => number;
  readonly definition?: CacheDefinition<Item>;
  /** The difference of each environment's clock from the true time. */
  readonly skewMs?: (environment: number) => number;
  readonly companions?: () => Promise<readonly string[]>;
  /** Makes each value larger. */
  readonly padding?: string;
  /** Replaces the store of an environment's cache, for example by one that hangs. */
  readonly wrapStore?: (store: Store, environment: number) => Store;
}

/** A source of items, and several execution environments that read it through one shared cache. */
export class CacheWorld {
  readonly clock: VirtualClock;
  readonly rows: MemoryStore;
  readonly capacity: Capacity = { reads: 0, readUnits: 0, writes: 0, writeUnits: 0 };
  /** The versions of the source. A key that is missing does not exist. */
  readonly source = new Map<string, number>();
  /** The keys of each load. */
  readonly loads: string[][] = [];
  /** Called before each load answers. */
  onLoad: (keys: readonly string[]) => Promise<void> = async () => {};
  readonly caches: ReadCache<Item>[];
  readonly #definition: CacheDefinition<Item>;
  readonly #store: Store;
  readonly #latencyMs: () => number;
  readonly #companions: WorldOptions['companions'];
  readonly #padding: string | undefined;

  constructor(options: WorldOptions) {
    const { clock, environments = 1, latencyMs = () => 4, definition = itemCache, skewMs = () => 0 } = options;
    this.clock = clock;
    this.#definition = definition;
    this.#latencyMs = latencyMs;
    this.#companions = options.companions;
    this.#padding = options.padding;
    this.rows = createMemoryStore({ now: clock.now });
    this.#store = meteredStore(this.rows, clock, latencyMs, this.capacity);
    this.caches = Array.from({ length: environments }, (_, index) => {
      const ownClock: Clock = { ...clock, now: () => clock.now() + skewMs(index) };
      const store = options.wrapStore?.(this.#store, index) ?? this.#store;
      return new CacheEnvironment({ store, clock: ownClock }).createCache(definition);
    });
  }

  /** Reads a key in one environment. */
  get(key: string, environment = 0, timeMs = 5000) {
    const cache = this.caches[environment];
    if (!cache) throw new Error(`there is no environment ${environment}`);
    return cache.get(key, this.request(timeMs));
  }

  request(timeMs = 5000): CacheRequest<Item> {
    return {
      deadlineMs: this.clock.now() + timeMs,
      load: (keys) => this.#load(keys),
      ...(this.#companions ? { companions: this.#companions } : {}),
    };
  }

  /** Changes the source, and nothing else: the event is on its way. */
  change(key: string): number {
    const version = (this.source.get(key) ?? 0) + 1;
    this.source.set(key, version);
    return version;
  }

  /** Processes the event of a change, as the consumer does. */
  async processEvent(key: string, version: number, withValue = false): Promise<void> {
    const readAtMs = this.clock.now();
    const current = this.source.get(key) ?? version;
    const change = withValue ? { version: current, value: { key, version: current } } : { version };
    const ports = { store: this.#store, clock: this.clock };
    await publishChange(ports, this.#definition, { key, readAtMs, ...change }, this.clock.now() + 5000);
  }

  /** Runs the clock until all of these are done. */
  async run<T>(work: Promise<T>): Promise<T> {
    let isDone = false;
    const finished = work.finally(() => {
      isDone = true;
    });
    finished.catch(() => {});
    await this.clock.runUntil(() => isDone);
    return finished;
  }

  async #load(keys: readonly string[]): Promise<ReadonlyMap<string, Loaded<Item>>> {
    this.loads.push([...keys]);
    await this.clock.sleep(this.#latencyMs() / 2);
    this.capacity.reads += keys.length;
    this.capacity.readUnits += keys.length;
    const found = keys.flatMap((key) => {
      const version = this.source.get(key);
      const value = { key, version: version ?? 0, ...(this.#padding ? { padding: this.#padding } : {}) };
      return version === undefined ? [] : [[key, { value, version }] as const];
    });
    await this.onLoad(keys);
    await this.clock.sleep(this.#latencyMs() / 2);
    return new Map(found);
  }
}
