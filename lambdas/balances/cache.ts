import { LRUCache } from 'lru-cache';
import type { Clock } from '../shared/runtime/clock.ts';
import { count } from '../shared/runtime/observability.ts';

/**
 * Caches values for a short time in the memory of one execution environment. With more than `maxKeys` keys, the least
 * recently used key is evicted.
 */
export class Cache<T> {
  readonly #values: LRUCache<string, Promise<T>>;
  readonly #clock: Pick<Clock, 'now'>;
  readonly #ttlMs: number;

  constructor({ clock, ttlMs, maxKeys }: { clock: Pick<Clock, 'now'>; ttlMs: number; maxKeys: number }) {
    // With the resolution 0, the library reads the clock on each access and sets no timer of its own. The limit is a
    // size, because `max` allocates memory for all keys in advance, which takes milliseconds at a cold start.
    this.#values = new LRUCache({ maxSize: maxKeys, sizeCalculation: () => 1, perf: clock, ttlResolution: 0 });
    this.#clock = clock;
    this.#ttlMs = ttlMs;
  }

  /**
   * Returns the cached value, or loads it. Concurrent calls for one key share one load. The TTL counts from the start
   * of the load, so no value is served that is older than the TTL. A failed load is not cached.
   */
  async getOrLoad(key: string, load: () => Promise<T>): Promise<{ readonly value: T; readonly isHit: boolean }> {
    // Without this check, the library would also serve a value whose age is exactly the TTL.
    const cached = this.#values.getRemainingTTL(key) > 0 ? this.#values.get(key) : undefined;
    if (cached) {
      count('CacheHit');
      return { value: await cached, isHit: true };
    }
    count('CacheMiss');
    const start = this.#clock.now();
    const loading = load();
    // A load in flight has no TTL, so that later callers share it, however long it takes.
    this.#values.set(key, loading, { ttl: 0 });
    const isCached = () => this.#values.peek(key) === loading;
    try {
      const value = await loading;
      if (isCached()) this.#keep(key, loading, start);
      return { value, isHit: false };
    } catch (error) {
      if (isCached()) this.#values.delete(key);
      throw error;
    }
  }

  #keep(key: string, loading: Promise<T>, start: number): void {
    // To the library, a TTL of 0 means that the value never expires. Here it means that nothing is cached.
    if (this.#ttlMs > 0) this.#values.set(key, loading, { ttl: this.#ttlMs, start });
    else this.#values.delete(key);
  }
}
