import type { Clock } from '../shared/runtime/clock.ts';
import { count } from '../shared/runtime/observability.ts';

interface Options {
  readonly clock: Pick<Clock, 'now'>;
  readonly ttlMs: number;
  /** The oldest goes where one more would be too many. */
  readonly most: number;
}

interface Held<T> {
  readonly answer: Promise<T>;
  until: number;
}

/** What one environment of a function remembers for a moment. All who ask meanwhile wait for the first one's answer. */
export class Cache<T> {
  readonly #held = new Map<string, Held<T>>();
  readonly #options: Options;

  constructor(options: Options) {
    this.#options = options;
  }

  /** The answer is as old as its question: never older than the time to live. */
  async ask(key: string, load: () => Promise<T>): Promise<{ readonly answer: T; readonly isHit: boolean }> {
    const { clock, ttlMs } = this.#options;
    const held = this.#held.get(key);
    if (held && clock.now() < held.until) {
      count('CacheHit');
      return { answer: await held.answer, isHit: true };
    }
    count('CacheMiss');
    const asked = clock.now();
    const mine: Held<T> = { answer: load(), until: Number.POSITIVE_INFINITY };
    this.#hold(key, mine);
    try {
      const answer = await mine.answer;
      mine.until = asked + ttlMs;
      return { answer, isHit: false };
    } catch (error) {
      this.#held.delete(key);
      throw error;
    }
  }

  #hold(key: string, held: Held<T>): void {
    this.#held.delete(key);
    const [oldest] = this.#held.keys();
    if (oldest !== undefined && this.#held.size >= this.#options.most) this.#held.delete(oldest);
    this.#held.set(key, held);
  }
}
