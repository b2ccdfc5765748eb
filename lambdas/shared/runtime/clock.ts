import { setTimeout as sleep } from 'node:timers/promises';

/** Time and chance, passed in so that a simulation can own both. */
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

/** Full jitter: anything between nothing and the doubled bound, so that those who collided do not meet again. */
export const fullJitterMs = (clock: Clock, attempt: number, base: number, cap: number): number =>
  clock.random() * Math.min(cap, base * 2 ** attempt);
