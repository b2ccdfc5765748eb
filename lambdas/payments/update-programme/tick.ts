import { fnv1a } from '../../../events/hash.ts';

const MINUTE_MS = 60_000;
/** A tick changes a balance by so much at most, up or down: 100.00. */
export const MAX_CHANGE = 10_000;

export interface Tick {
  readonly id: string;
  readonly due_at: number;
  /** When the next one is due: whoever has not begun by then leaves it be. */
  readonly deadline_at: number;
}

/** How often there is a tick, and how many chunks have their turn in it. */
export interface TickSchedule {
  readonly intervalS: number;
  readonly chunksPerTick: number | 'all';
}

/** `20260101T1200`: the minute that a time lies in. */
export const toMinute = (time: number): string => new Date(time).toISOString().slice(0, 16).replaceAll(/[-:]/g, '');

/** The ticks of the minute that a time lies in, whose ids sort as they come. Whoever asks again is told the same. */
export function ticksOf(time: number, { intervalS }: TickSchedule): Tick[] {
  const start = time - (time % MINUTE_MS);
  return Array.from({ length: 60 / intervalS }, (_, place) => {
    const due_at = start + place * intervalS * 1000;
    return {
      id: `${toMinute(time)}-${String(place).padStart(2, '0')}`,
      due_at,
      deadline_at: due_at + intervalS * 1000,
    };
  });
}

/** A number from 0 up to below 1 that a text gives every time; texts that are alike give numbers that are not. */
function pseudoRandom(text: string): number {
  let mixed = fnv1a(text);
  mixed = Math.imul(mixed ^ (mixed >>> 16), 0x85ebca6b);
  mixed = Math.imul(mixed ^ (mixed >>> 13), 0xc2b2ae35);
  return ((mixed ^ (mixed >>> 16)) >>> 0) / 2 ** 32;
}

/** The chunks that have their turn in a tick, of so many that there are: drawn by its id alone, in no order. */
export function chunksOf(tick: string, chunks: number, { chunksPerTick }: TickSchedule): number[] {
  if (chunksPerTick === 'all' || chunksPerTick >= chunks) return Array.from({ length: chunks }, (_, chunk) => chunk);
  // Floyd's way: so many draws as there are turns, each chunk as likely as any other, none twice
  const drawn = new Set<number>();
  for (let top = chunks - chunksPerTick; top < chunks; top++) {
    const chunk = Math.floor(pseudoRandom(`${tick}#${top}`) * (top + 1));
    drawn.add(drawn.has(chunk) ? top : chunk);
  }
  return [...drawn];
}

/** What a tick gives or takes: by its id and the user's alone, so that it is the same alone and among others. */
export const changeOf = (tick: string, userId: string): number =>
  Math.floor(pseudoRandom(`${tick}@${userId}`) * (2 * MAX_CHANGE + 1)) - MAX_CHANGE;

/** What a made-up user begins with: 0.00 to 10,000.00, the same for the same seed. */
export const initialBalanceOf = (userId: string): number => Math.floor(pseudoRandom(`seed@${userId}`) * 1_000_001);
