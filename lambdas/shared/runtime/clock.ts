import { setTimeout as sleep } from 'node:timers/promises';

/** Time and randomness. They are passed in, so that a simulation controls both. */
export interface Clock {
  now(): number;
  sleep(ms: number): Promise<void>;
  random(): number;
}

export const systemClock: Clock = {
  now: () => Date.now(),
  sleep: (ms) => sleep(ms),
  random: () => Math.random(),
};

export const toIso = (ms: number): string => new Date(ms).toISOString();

/** Returns a random wait below an exponentially growing bound, so that retries after a collision spread out. */
export const fullJitterMs = (clock: Clock, attempt: number, baseMs: number, maxMs: number): number =>
  clock.random() * Math.min(maxMs, baseMs * 2 ** attempt);

/** Until when the operations of one invocation are retried under contention, in ms since the epoch. */
export interface Deadline {
  readonly deadlineMs: number;
  /** Called for each write to a table that was applied or may have been. */
  readonly onWrite?: () => void;
}

/** Returns whether less than this time has passed. A time in the future tells nothing, since the clock was set back. */
export const isWithin = (ms: number, sinceMs: number, nowMs: number): boolean =>
  nowMs >= sinceMs && nowMs - sinceMs < ms;
