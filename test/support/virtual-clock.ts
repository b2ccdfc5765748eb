import { setImmediate as settled } from 'node:timers/promises';
import type { Clock } from '../../lambdas/shared/runtime/clock.ts';

/** A small seeded generator (mulberry32): the same seed tells the same story. */
export function seeded(seed: number): () => number {
  let state = seed >>> 0;
  return () => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = Math.imul(state ^ (state >>> 15), state | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return ((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32;
  };
}

/** Far more than any history takes: something goes round in circles. */
const MOST_STEPS = 1_000_000;

interface Timer {
  readonly at: number;
  readonly order: number;
  readonly wake: () => void;
}

export interface VirtualClock extends Clock {
  /** Calls back at that time or, if it is past, at the next step. */
  at(time: number, wake: () => void): void;
  /** Lets time pass until `done`, or until nothing is left that could happen. */
  runUntil(done: () => boolean): Promise<void>;
}

/** Time that passes only when everybody waits for it. */
export function virtualClock(seed: number, start = Date.parse('2026-01-01T00:00:00Z')): VirtualClock {
  let now = start;
  let order = 0;
  const timers: Timer[] = [];
  const before = (one: Timer, other: Timer) => one.at - other.at || one.order - other.order;
  const add = (at: number, wake: () => void) => {
    const timer = { at, order: order++, wake };
    let low = 0;
    for (let high = timers.length; low < high; ) {
      const middle = (low + high) >>> 1;
      if (before(timers[middle] as Timer, timer) <= 0) low = middle + 1;
      else high = middle;
    }
    timers.splice(low, 0, timer);
  };
  return {
    now: () => now,
    random: seeded(seed),
    sleep: (ms) => new Promise((resolve) => add(now + ms, resolve)),
    at: add,
    runUntil: async (done) => {
      for (let step = 0; ; step++) {
        if (step > MOST_STEPS)
          throw new Error(`after ${MOST_STEPS} steps, at ${new Date(now).toISOString()}, still not done`);
        await settled();
        if (done()) return;
        const next = timers.shift();
        if (!next) return;
        now = Math.max(now, next.at);
        next.wake();
        // whoever waits for the same moment wakes with it
        while (timers[0] && timers[0].at <= now) timers.shift()?.wake();
      }
    },
  };
}
