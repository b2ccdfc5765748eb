import { LRUCache } from 'lru-cache';
import type { Clock } from '../shared/runtime/clock.ts';
import type { CachedDocument } from './document.ts';

/** The maximum age of a document in memory: an execution environment may serve a text that is stale by this time. */
export const MEMORY_TTL_MS = 5000;
/** The limit for all texts together. At two bytes per character, they take 32 MB of the function's memory at most. */
const MAX_CHARACTERS = 16 * 1024 * 1024;

/**
 * Keeps the texts that one execution environment has read recently. At its limit, it evicts the least recently used.
 */
export class DocumentMemory {
  /** True once the environment has loaded the newest documents. */
  isWarmedUp = false;
  readonly #texts: LRUCache<string, string>;
  readonly #clock: Pick<Clock, 'now'>;

  constructor(clock: Pick<Clock, 'now'>) {
    this.#clock = clock;
    // With the resolution 0, the library reads the clock on each access and sets no timer of its own.
    this.#texts = new LRUCache({
      maxSize: MAX_CHARACTERS,
      sizeCalculation: (text) => text.length,
      ttl: MEMORY_TTL_MS,
      perf: clock,
      ttlResolution: 0,
    });
  }

  get(uid: string): string | undefined {
    // Without this check, the library would also serve a text whose age is exactly the TTL.
    return this.#texts.getRemainingTTL(uid) > 0 ? this.#texts.get(uid) : undefined;
  }

  /** Keeps a text for the TTL, but no longer than the cache row from which it was read may be served. */
  set({ order_uid, document, until }: Extract<CachedDocument, { found: true }>): void {
    // An earlier start shortens the time left. A TTL of 0 would mean "no expiry" to the library.
    this.#texts.set(order_uid, document, { start: Math.min(this.#clock.now(), until - MEMORY_TTL_MS) });
  }
}
