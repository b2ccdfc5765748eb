import { fnv1a } from '../../../events/hash.ts';

const MINUTE_MS = 60_000;
/** The maximum by which a tick changes a balance, up or down, in minor units. */
export const MAX_CHANGE = 10_000;

export interface Tick {
  readonly id: string;
  readonly due_at: number;
  /** The time at which the next tick is due. An update that has not started by then is dropped. */
  readonly deadline_at: number;
}

/** The seconds between two ticks, and the number of chunks that each tick updates. */
export interface TickSchedule {
  readonly intervalS: number;
  readonly chunksPerTick: number | 'all';
}

/** Returns the minute of a time, for example `20260101T1200`. */
export const toMinute = (timeMs: number): string => new Date(timeMs).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');

/** Returns the ticks of the minute that contains a time. They are the same for each time in it, and their ids sort. */
export function ticksOfMinute(timeMs: number, { intervalS }: TickSchedule): Tick[] {
  const start = timeMs - (timeMs % MINUTE_MS);
  return Array.from({ length: 60 / intervalS }, (_, index) => {
    const due_at = start + index * intervalS * 1000;
    return {
      id: `${toMinute(timeMs)}-${String(index).padStart(2, '0')}`,
      due_at,
      deadline_at: due_at + intervalS * 1000,
    };
  });
}

/**
 * Returns a number from 0 up to but not including 1, always the same for the same text. The hash is mixed further, so
 * that similar texts give unrelated numbers.
 */
function pseudoRandom(text: string): number {
  let mixed = fnv1a(text);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** Draws the chunks that a tick updates, in no particular order. The draw depends only on the arguments. */
export function drawChunks(tick: string, chunkCount: number, { chunksPerTick }: TickSchedule): number[] {
  if (chunksPerTick === 'all' || chunksPerTick >= chunkCount)
    return Array.from({ length: chunkCount }, (_, index) => index);
  // Floyd's sampling: as many draws as chunks to update, each chunk equally likely, none drawn twice.
  const drawn = new Set<number>();
  for (let top = chunkCount - chunksPerTick; top < chunkCount; top++) {
    const chunk = Math.floor(pseudoRandom(`${tick}#${top}`) * (top + 1));
    drawn.add(drawn.has(chunk) ? top : chunk);
  }
  return [...drawn];
}

/**
 * Draws the change of one account in a tick. It depends only on the tick and the user, so it is the same in the chunk's
 * entry, in an entry of its own, and in a retry.
 */
export const drawChange = (tick: string, userId: string): number =>
  Math.floor(pseudoRandom(`${tick}@${userId}`) * (2 * MAX_CHANGE + 1)) - MAX_CHANGE;

/** Draws the initial balance of a seeded user: 0 to 1,000,000 minor units, always the same for the same user. */
export const drawInitialBalance = (userId: string): number => Math.floor(pseudoRandom(`seed@${userId}`) * 1_000_001);
