import type { Clock } from '../runtime/clock.ts';
import { Busy } from '../runtime/errors.ts';
import { count } from '../runtime/observability.ts';
import type { Fetched } from './shared-rows.ts';

/** How long a caller waits for another one's fetch at a time, also without a deadline. */
const MAX_JOIN_MS = 10_000;

/** Fetches a key. Returns nothing if a refresh is left to another caller. */
type Fetch<V> = () => Promise<Fetched<V> | undefined>;

interface RunningFetch<V> {
  readonly result: Promise<Fetched<V> | undefined>;
  readonly deadlineMs: number;
}

/** The fetches that are in progress in one execution environment, so that each key is fetched once for all callers. */
export class RunningFetches<V> {
  readonly #clock: Clock;
  readonly #running = new Map<string, RunningFetch<V>>();

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  has = (key: string): boolean => this.#running.has(key);

  /** Waits for the fetch of a key that is in progress, or starts one. Throws `Busy` if the caller's time is over. */
  async share(key: string, deadlineMs: number, fetch: Fetch<V>): Promise<Fetched<V>> {
    let hasWaited = false;
    for (;;) {
      const running = this.#running.get(key);
      // A fetch beyond its deadline belongs to an invocation that was ended, and will not finish.
      if (!running || this.#clock.now() >= running.deadlineMs) {
        const fetched = await this.start(key, deadlineMs, fetch);
        if (fetched) return fetched;
        continue;
      }
      if (!hasWaited) count('CacheWait');
      hasWaited = true;
      const joined = await this.#join(running, deadlineMs);
      if (joined) return { ...joined, from: joined.from === 'row' ? 'row' : 'wait' };
      if (this.#clock.now() >= deadlineMs) throw new Busy('no time is left to load a cached value');
    }
  }

  /** Starts a fetch that other callers can join. */
  start(key: string, deadlineMs: number, fetch: Fetch<V>): Promise<Fetched<V> | undefined> {
    const running = { result: fetch(), deadlineMs };
    this.#running.set(key, running);
    const end = () => {
      if (this.#running.get(key) === running) this.#running.delete(key);
    };
    running.result.then(end, end);
    return running.result;
  }

  /** Waits for the fetch of another caller. Returns nothing if that caller ran out of time, or only refreshed. */
  async #join(running: RunningFetch<V>, deadlineMs: number): Promise<Fetched<V> | undefined> {
    const leftMs = Math.min(deadlineMs, running.deadlineMs) - this.#clock.now();
    const timeout = this.#clock.sleep(Math.min(Math.max(0, leftMs), MAX_JOIN_MS)).then(() => undefined);
    try {
      return await Promise.race([running.result, timeout]);
    } catch (error) {
      if (error instanceof Busy) return undefined;
      throw error;
    }
  }
}
