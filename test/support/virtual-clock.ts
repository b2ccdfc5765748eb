import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';

/** Creates a seeded random generator (mulberry32). The same seed returns the same numbers. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Far more than any simulation needs. Reaching it means an endless loop. */
const MAX_ITERATIONS = 1_000_000;

interface Timer {
  readonly timeMs: number;
  readonly order: number;
  readonly wake: () => void;
  isCancelled: boolean;
}

export interface VirtualClock extends Clock {
  /**
   * Calls `wake` at that time, or in the next iteration if the time has passed. The returned function cancels the call.
   */
  at(timeMs: number, wake: () => void): () => void;
  /** Advances the time until `done` returns true or no timer is left. */
  runUntil(done: () => boolean): Promise<void>;
}

/** Creates a clock whose time advances only when all code waits for a timer. */
export function virtualClock(seed: number, start = Date.parse('2026-01-01T00:00:00Z')): VirtualClock {
  let now = start;
  let order = 0;
  const timers: Timer[] = [];
  const compare = (a: Timer, b: Timer) => a.timeMs - b.timeMs || a.order - b.order;
  const add = (timeMs: number, wake: () => void): (() => void) => {
    const timer: Timer = { timeMs, order: order++, wake, isCancelled: false };
    let low = 0;
    for (let high = timers.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (compare(timers[middle] as Timer, timer) <= 0) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
    return () => {
      timer.isCancelled = true;
    };
  };
  /** Removes and returns the next timer that is due by this time. */
  const takeTimer = (byMs: number): Timer | undefined => {
    while (timers[0]?.isCancelled) timers.shift();
    return timers[0] && timers[0].timeMs <= byMs ? timers.shift() : undefined;
  };
  return {
    now: () => now,
    random: seeded(seed),
    sleep: (ms) => new Promise((resolve) => void add(now + ms, resolve)),
    at: add,
    runUntil: async (done) => {
      for (let iteration = 0; ; iteration++) {
        if (iteration > MAX_ITERATIONS)
          throw new Error(`after ${MAX_ITERATIONS} iterations, at ${new Date(now).toISOString()}, not done`);
        await settled();
        if (done()) return;
        let timer = takeTimer(Number.POSITIVE_INFINITY);
        if (!timer) return;
        now = Math.max(now, timer.timeMs);
        // Timers of the same time wake together.
        for (; timer; timer = takeTimer(now)) timer.wake();
      }
    },
  };
}
