import { LRUCache } from 'lru-cache';
import type { Clock } from '../runtime/clock.ts';
import { type Entry, isOlder, MAX_CLOCK_SKEW_MS, UNCACHED, type Version } from './entry.ts';

/** What the memory knows about one key. */
interface Held<V> {
  /** Undefined after an invalidation. */
  readonly entry: Entry<V> | undefined;
  /** No reader may get an older version than this one. */
  readonly floor: Version | undefined;
  readonly generation: number;
  readonly acceptedAtMs: number;
}

interface Invalidation {
  readonly key: string;
  readonly version: Version;
}

/** A read of a row or of the source that is in progress. `accept` refuses what was invalidated since it began. */
export interface Flight {
  readonly generation: number;
  readonly firstInvalidation: number;
}

/** Keys that the source does not have. Their limit is separate, so that unknown keys never evict values. */
const MAX_ABSENT_KEYS = 1000;
/** Evicted keys whose versions are remembered, about 4 MB. The next older ones share one time for all of them. */
const MAX_EVICTED_KEYS = 20_000;
/** What an entry takes beside its key and its value. */
const ENTRY_CHARACTERS = 100;

interface Options<V> {
  readonly clock: Pick<Clock, 'now'>;
  /** The limit for all keys and values together. At two bytes per character, the memory takes twice as many bytes. */
  readonly maxCharacters: number;
  readonly sizeOf: (value: V) => number;
}

/**
 * Holds entries in the memory of one execution environment. At its limit, it evicts the least recently used. For each
 * key it remembers the newest version, so that no reader gets an older one.
 */
export class Memory<V> {
  readonly #clock: Pick<Clock, 'now'>;
  readonly #values: LRUCache<string, Held<V>>;
  readonly #absent: LRUCache<string, Held<V>>;
  /** What remains of evicted entries: the version that readers have seen, and when it was accepted. */
  readonly #evicted: LRUCache<string, Pick<Held<V>, 'floor' | 'acceptedAtMs'>>;
  #generation = 0;
  /** The time of the newest entry that was evicted and whose version was forgotten since. */
  #forgottenAtMs = Number.NEGATIVE_INFINITY;
  readonly #flights = new Set<Flight>();
  /** The invalidations since the oldest flight began. */
  #invalidations: Invalidation[] = [];

  constructor({ clock, maxCharacters, sizeOf }: Options<V>) {
    this.#clock = clock;
    // The library keeps no TTL: an expired entry still shows which version readers have seen. The limits are sizes,
    // because `max` allocates memory for all keys in advance, which takes milliseconds at a cold start.
    this.#values = new LRUCache({
      maxSize: maxCharacters,
      sizeCalculation: ({ entry }, key) =>
        ENTRY_CHARACTERS + key.length + (entry?.value === undefined ? 0 : sizeOf(entry.value)),
      dispose: ({ floor, acceptedAtMs }, key, reason) => {
        if (reason === 'evict') this.#evicted.set(key, { floor, acceptedAtMs });
      },
    });
    this.#evicted = new LRUCache({
      maxSize: MAX_EVICTED_KEYS,
      sizeCalculation: () => 1,
      dispose: ({ acceptedAtMs }, _key, reason) => {
        if (reason === 'evict') this.#forgottenAtMs = Math.max(this.#forgottenAtMs, acceptedAtMs);
      },
    });
    this.#absent = new LRUCache({ maxSize: MAX_ABSENT_KEYS, sizeCalculation: () => 1 });
  }

  /** Returns the entry, if it may be served. */
  find(key: string): Entry<V> | undefined {
    const held = this.#values.get(key) ?? this.#absent.get(key);
    return held?.generation === this.#generation ? this.#unexpired(held) : undefined;
  }

  /**
   * Returns the entry, if its TTL has not passed, also if it may have been invalidated unnoticed. It is served only if
   * no newer one can be read.
   */
  findUnconfirmed(key: string): Entry<V> | undefined {
    const held = this.#values.peek(key) ?? this.#absent.peek(key);
    return held && this.#unexpired(held);
  }

  #unexpired({ entry }: Held<V>): Entry<V> | undefined {
    return entry && this.#clock.now() < entry.untilMs ? entry : undefined;
  }

  /** Marks the start of a read. `endFlight` must follow, also if the read fails. */
  beginFlight(): Flight {
    const flight = { generation: this.#generation, firstInvalidation: this.#invalidations.length };
    this.#flights.add(flight);
    return flight;
  }

  endFlight(flight: Flight): void {
    this.#flights.delete(flight);
    if (this.#flights.size === 0) this.#invalidations = [];
  }

  /**
   * Keeps an entry that was read, unless it is older than what readers have seen, or was invalidated since the flight
   * began. Returns whether readers may get this entry. An entry of a row was loaded under the clock of another
   * environment.
   */
  accept(key: string, entry: Entry<V>, flight: Flight, isFromRow = false): boolean {
    const isAcceptable = this.isAcceptable(key, entry, flight, isFromRow);
    if (isAcceptable && this.#clock.now() < entry.untilMs) this.#keep(key, entry);
    return isAcceptable;
  }

  /** Returns whether `accept` would accept the entry. */
  isAcceptable(key: string, entry: Entry<unknown>, flight: Flight, isFromRow = false): boolean {
    if (entry.untilMs === UNCACHED) return true;
    if (flight.generation !== this.#generation || this.#isInvalidated(key, entry, flight)) return false;
    const known = this.#values.peek(key) ?? this.#evicted.peek(key);
    if (known) return !isOlder(entry.version, known.floor);
    return !this.#isForgotten(entry, isFromRow ? MAX_CLOCK_SKEW_MS : 0);
  }

  /**
   * Returns whether an entry of a row is refused here because the version that readers have seen was forgotten. It is
   * good for other environments, so the row needs no other entry.
   */
  isRefusedHere(key: string, entry: Entry<unknown>): boolean {
    return !this.#values.peek(key) && !this.#evicted.peek(key) && this.#isForgotten(entry, MAX_CLOCK_SKEW_MS);
  }

  #isForgotten({ value, loadedAtMs }: Entry<unknown>, skewMs: number): boolean {
    return value !== undefined && loadedAtMs - skewMs < this.#forgottenAtMs;
  }

  #isInvalidated(key: string, { version }: Entry<unknown>, { firstInvalidation }: Flight): boolean {
    return this.#invalidations
      .slice(firstInvalidation)
      .some((invalidation) => invalidation.key === key && isOlder(version, invalidation.version));
  }

  #keep(key: string, entry: Entry<V>): void {
    const held = { entry, floor: entry.version, generation: this.#generation, acceptedAtMs: this.#clock.now() };
    const current = this.#values.peek(key)?.entry;
    const isSame = current && !isOlder(current.version, entry.version);
    if (isSame && current.untilMs > entry.untilMs && this.find(key)) return;
    if (entry.value === undefined) this.#absent.set(key, held);
    else {
      this.#absent.delete(key);
      this.#evicted.delete(key);
      this.#values.set(key, held);
    }
  }

  /** Drops what is older than this version. */
  invalidate(key: string, version: Version): void {
    if (this.#flights.size > 0) this.#invalidations.push({ key, version });
    this.#absent.delete(key);
    const held = this.#values.peek(key);
    if (held && isOlder(held.floor, version)) this.#values.set(key, { ...held, entry: undefined, floor: version });
    const evicted = this.#evicted.peek(key);
    if (evicted && isOlder(evicted.floor, version)) this.#evicted.set(key, { ...evicted, floor: version });
  }

  /** Marks all entries, and all that is being read, as possibly invalidated: an invalidation may have been missed. */
  distrustAll(): void {
    this.#generation += 1;
  }

  /** Forgets a key with its newest version. For a source that went back to an older version, as after a restore. */
  forget(key: string): void {
    this.#values.delete(key);
    this.#absent.delete(key);
    this.#evicted.delete(key);
  }
}
