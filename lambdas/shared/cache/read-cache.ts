import type { Clock } from '../runtime/clock.ts';
import { Busy } from '../runtime/errors.ts';
import { count, logger } from '../runtime/observability.ts';
import { createBatcher } from './batcher.ts';
import { type Entry, isDueEarly, type Loaded, UNCACHED } from './entry.ts';
import type { Announcement, FeedReader } from './feed.ts';
import type { Group } from './group-row.ts';
import { type Flight, Memory } from './memory.ts';
import { RunningFetches } from './running-fetches.ts';
import type { Fetched, SharedRows } from './shared-rows.ts';
import type { CacheStatus } from './x-cache.ts';

/** Longer keys are not cached. Each schema of a key in a path is stricter. */
const MAX_KEY_CHARACTERS = 256;
/** How often a value is loaded that was invalidated during its load. */
const MAX_LOADS = 3;
/** An entry that this environment wrote itself was not loaded, so its load is assumed to take this time. */
const ASSUMED_LOAD_MS = 20;
/** A companion is loaded again if it expires within this share of the TTL, so that it needs no load of its own soon. */
const COMPANION_RENEWAL_SHARE = 0.1;

export interface ReadCacheOptions<V> {
  readonly clock: Clock;
  /** How old a value may become if no event invalidates it. 0 caches nothing, but still shares loads. */
  readonly ttlMs: number;
  /** How long the cache may say that the source has nothing under a key. Not at all by default. */
  readonly absentTtlMs?: number;
  /** The limit of the memory for keys and values. A value counts as its JSON text, unless `sizeOf` says otherwise. */
  readonly maxCharacters: number;
  readonly sizeOf?: (value: V) => number;
}

/** What a cache shares with other execution environments. */
export interface SharedParts<V> {
  readonly feed: FeedReader;
  /** Absent if only invalidations are shared, and not the values. */
  readonly rows?: SharedRows;
  /** Parses a value from a row. It throws if another release has written a value that this one does not know. */
  readonly parse: (json: unknown) => V;
}

/** One caller's request. The caller's own deadline applies to its reads. */
export interface CacheRequest<V> {
  /** In ms since the epoch. */
  readonly deadlineMs: number;
  /** Reads from the source, strongly consistent. A key that is missing in the result does not exist. */
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Loaded<V>>>;
  /**
   * Returns whether the source may have the key, by default that it may. A key that it probably lacks is loaded without
   * a lease, so that unknown keys cause no writes. If it exists all the same, the value stays in the memory.
   */
  readonly mayExist?: (key: string) => Promise<boolean>;
  /** Returns keys that will probably be asked for as well. Those of the same row are loaded together with the key. */
  readonly companions?: () => Promise<readonly string[]>;
}

/** A value, undefined if the source has none, and where it came from. */
export interface Cached<V> {
  readonly value: V | undefined;
  readonly status: CacheStatus;
}

/**
 * A cache in front of a source: memory of the execution environment, then a row that all environments share, then the
 * source. See the README of this folder.
 */
export class ReadCache<V> {
  readonly #options: ReadCacheOptions<V>;
  readonly #shared: SharedParts<V> | undefined;
  readonly #memory: Memory<V>;
  readonly #running: RunningFetches<V>;

  constructor(options: ReadCacheOptions<V>, shared?: SharedParts<V>) {
    this.#options = options;
    this.#shared = shared;
    const { clock, maxCharacters, sizeOf = (value) => JSON.stringify(value).length } = options;
    this.#memory = new Memory({ clock, maxCharacters, sizeOf });
    this.#running = new RunningFetches(clock);
  }

  /** Returns the value of a key. Errors of the source are not cached, and are thrown. */
  async get(key: string, request: CacheRequest<V>): Promise<Cached<V>> {
    if (key.length > MAX_KEY_CHARACTERS) return this.#loadUncached(key, request);
    const isCurrent = (await this.#shared?.feed.isCurrent(request.deadlineMs)) ?? true;
    const held = isCurrent ? this.#memory.find(key) : undefined;
    if (held) {
      count('CacheHit');
      const { clock } = this.#options;
      const entry = isDueEarly(held, clock.now(), clock.random()) ? await this.#refresh(key, held, request) : held;
      return { value: entry.value, status: 'hit' };
    }
    try {
      const fetch = () => this.#fetchAcceptable(key, request);
      const { entry, from } = await this.#running.share(key, request.deadlineMs, fetch);
      count(from === 'row' ? 'CacheRowHit' : 'CacheMiss');
      return { value: entry.value, status: from === 'row' ? 'hit' : 'miss' };
    } catch (error) {
      const unconfirmed = error instanceof Busy ? this.#memory.findUnconfirmed(key) : undefined;
      if (!unconfirmed) throw error;
      count('CacheStale');
      return { value: unconfirmed.value, status: 'stale' };
    }
  }

  /** Returns the values of several keys, in their order. Rows and sources are read in as few requests as possible. */
  getMany(keys: readonly string[], request: CacheRequest<V>): Promise<Cached<V>[]> {
    const load = createBatcher(request.load);
    const batched: CacheRequest<V> = {
      ...request,
      load: async (wanted) => {
        const loaded = await Promise.all(wanted.map((key) => load(key, request.deadlineMs)));
        return new Map(
          wanted.flatMap((key, index) => {
            const found = loaded[index];
            return found ? [[key, found] as const] : [];
          }),
        );
      },
    };
    return Promise.all(keys.map((key) => this.get(key, batched)));
  }

  /**
   * Keeps a value that this environment has just written, so that its callers read it back. Other environments learn of
   * it by the event of the change.
   */
  remember(key: string, { value, version, untilMs: limitMs = Number.POSITIVE_INFINITY }: Loaded<V>): void {
    const nowMs = this.#options.clock.now();
    const flight = this.#memory.beginFlight();
    const untilMs = Math.min(nowMs + this.#options.ttlMs, limitMs);
    this.#memory.accept(key, { value, version, loadedAtMs: nowMs, untilMs, tookMs: ASSUMED_LOAD_MS }, flight);
    this.#memory.endFlight(flight);
    // What began to load before the write may be older.
    this.#memory.invalidate(key, version);
  }

  /** Drops what is older than the announced version. */
  onChange({ key, version }: Announcement): void {
    this.#memory.invalidate(key, version);
  }

  /** Stops trusting the memory, since a change may have been missed. The next read of each key asks row or source. */
  distrustAll(): void {
    this.#memory.distrustAll();
  }

  async #loadUncached(key: string, { load }: CacheRequest<V>): Promise<Cached<V>> {
    count('CacheMiss');
    count('CacheLoad');
    return { value: (await load([key])).get(key)?.value, status: 'miss' };
  }

  /** Refreshes an entry before it expires. If that is not possible now, the entry is still good. */
  async #refresh(key: string, held: Entry<V>, request: CacheRequest<V>): Promise<Entry<V>> {
    if (this.#running.has(key)) return held;
    try {
      const fetch = () => this.#fetchAcceptable(key, request, held);
      const entry = (await this.#running.start(key, request.deadlineMs, fetch))?.entry;
      return entry && entry.untilMs !== UNCACHED ? entry : held;
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      logger.info('cached value not refreshed early', { error });
      return held;
    }
  }

  /** Fetches a key again if it was invalidated meanwhile. Returns nothing if a refresh is left to another caller. */
  async #fetchAcceptable(key: string, request: CacheRequest<V>, refreshed?: Entry<V>): Promise<Fetched<V> | undefined> {
    for (let loads = 1; ; loads++) {
      const flight = this.#memory.beginFlight();
      try {
        const fetched = await this.#fetchOnce(key, request, flight, refreshed);
        if (!fetched || this.#memory.accept(key, fetched.entry, flight)) return fetched;
        // The value was current after the request began, so the caller may get it, but it is not kept. A source that
        // repeatedly returns less than readers have seen was restored from a backup.
        if (loads === MAX_LOADS) {
          this.#memory.forget(key);
          return fetched;
        }
      } finally {
        this.#memory.endFlight(flight);
      }
      const newer = this.#memory.find(key);
      if (newer) return { entry: newer, from: 'wait' };
    }
  }

  async #fetchOnce(
    key: string,
    request: CacheRequest<V>,
    flight: Flight,
    refreshed: Entry<V> | undefined,
  ): Promise<Fetched<V> | undefined> {
    const rows = this.#shared?.rows;
    const startMs = this.#options.clock.now();
    if (rows && !rows.isPaused) {
      const fetched = await rows.fetch<V>({
        key,
        deadlineMs: request.deadlineMs,
        isRefresh: refreshed !== undefined,
        isLoadedAlone: async (entry) =>
          (entry !== undefined && this.#memory.isRefusedHere(key, entry)) ||
          (request.mayExist !== undefined && !(await request.mayExist(key))),
        companions: async () => (await request.companions?.()) ?? [],
        isEnough: (wanted, entry) =>
          wanted === key
            ? this.#isEnough(key, entry, flight, refreshed)
            : this.#isEnough(wanted, entry, flight) && !this.#isDueForRenewal(entry),
        take: (group) => this.#take(key, group, flight, refreshed),
        load: async (keys) => (await this.#load(keys, request, flight, startMs)).entries,
      });
      if (fetched || refreshed) return fetched;
    }
    const { entries, isHit } = await this.#load([key], request, flight, startMs);
    const entry = entries.get(key);
    if (!entry) throw new Error(`no entry was created for ${key}`);
    return { entry, from: isHit ? 'row' : 'source' };
  }

  /** Accepts all entries of a row into the memory, and returns the one of the key, if it can be served. */
  #take(key: string, { entries }: Group, flight: Flight, refreshed: Entry<V> | undefined): Entry<V> | undefined {
    let found: Entry<V> | undefined;
    for (const [entryKey, stored] of entries) {
      if (!this.#memory.isAcceptable(entryKey, stored, flight, true)) continue;
      const entry = this.#parse(stored);
      if (!entry) continue;
      this.#memory.accept(entryKey, entry, flight, true);
      if (entryKey === key && this.#isEnough(key, entry, flight, refreshed)) found = entry;
    }
    return found;
  }

  /** Returns whether an entry of a row can be served. A refresh needs one that expires later than the current one. */
  #isEnough(key: string, entry: Entry<unknown>, flight: Flight, refreshed?: Entry<V>): boolean {
    const isCurrent = this.#memory.isAcceptable(key, entry, flight, true) && this.#parse(entry) !== undefined;
    return isCurrent && (refreshed === undefined || entry.untilMs > refreshed.untilMs);
  }

  #isDueForRenewal({ untilMs }: Entry<unknown>): boolean {
    const { clock, ttlMs } = this.#options;
    return untilMs - clock.now() < ttlMs * COMPANION_RENEWAL_SHARE;
  }

  #parse(entry: Entry<unknown>): Entry<V> | undefined {
    if (entry.value === undefined || !this.#shared) return { ...entry, value: undefined };
    try {
      return { ...entry, value: this.#shared.parse(entry.value) };
    } catch (error) {
      logger.debug('cached value of another release ignored', { error: error as Error });
      return undefined;
    }
  }

  /**
   * Loads keys from the source. Other keys than the first one are kept in memory here. The measured time includes the
   * calls for the row since `startMs`, since a refresh needs them too.
   */
  async #load(
    keys: readonly string[],
    { load }: CacheRequest<V>,
    flight: Flight,
    startMs: number,
  ): Promise<{ entries: ReadonlyMap<string, Entry<V>>; isHit: boolean }> {
    const { clock, ttlMs, absentTtlMs = 0 } = this.#options;
    const loadedAtMs = clock.now();
    const loaded = await load(keys);
    const isHit = keys.every((key) => loaded.get(key)?.isHit);
    if (!isHit) count('CacheLoad');
    const tookMs = clock.now() - startMs;
    const entries = new Map<string, Entry<V>>();
    for (const [index, key] of keys.entries()) {
      const found = loaded.get(key);
      const times = { loadedAtMs, tookMs };
      const untilMs = Math.min(loadedAtMs + ttlMs, found?.untilMs ?? Number.POSITIVE_INFINITY);
      if (found) entries.set(key, { value: found.value, version: found.version, untilMs, ...times });
      else if (index === 0)
        entries.set(key, { value: undefined, version: undefined, untilMs: loadedAtMs + absentTtlMs, ...times });
    }
    for (const [key, entry] of entries) if (key !== keys[0]) this.#memory.accept(key, entry, flight);
    return { entries, isHit };
  }
}
