import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../../../events/payments/bucket.ts';
import {
  changeOf,
  chunksOf,
  initialBalanceOf,
  MAX_CHANGE,
  ticksOf,
  toMinute,
} from '../../../../lambdas/payments/update-programme/tick.ts';

const noon = Date.parse('2026-01-01T12:00:00Z');
const every = (intervalS: number, chunksPerTick: number | 'all' = 1) => ({ intervalS, chunksPerTick });
const users = Array.from({ length: 5000 }, (_, at) => `user-${at}`);

describe('the ticks of a minute', () => {
  test('fill it, named by the minute and their place in it', () => {
    const ticks = ticksOf(noon, every(15));
    expect(ticks.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((place) => `20260101T1200-0${place}`));
    expect(ticks.map(({ due_at }) => due_at - noon)).toEqual([0, 15_000, 30_000, 45_000]);
    expect(ticks.map(({ deadline_at }) => deadline_at - noon)).toEqual([15_000, 30_000, 45_000, 60_000]);
  });

  test('are the same whenever in the minute somebody asks', () => {
    expect(ticksOf(noon + 59_999, every(10))).toEqual(ticksOf(noon, every(10)));
    expect(ticksOf(noon + 60_000, every(10))[0]?.id).toBe('20260101T1201-00');
    expect(toMinute(noon + 59_999)).toBe('20260101T1200');
  });

  test.each([
    [5, 12],
    [10, 6],
    [60, 1],
  ])('every %i seconds are %i', (interval, count) => {
    expect(ticksOf(noon, every(interval))).toHaveLength(count);
  });
});

describe('the chunks of a tick', () => {
  test('are so many different ones of those that there are, the same for the same tick', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 320 }),
        (tick, all, wanted) => {
          const drawn = chunksOf(tick, all, every(10, wanted));
          expect(drawn).toEqual(chunksOf(tick, all, every(10, wanted)));
          expect(new Set(drawn).size).toBe(Math.min(all, wanted));
          expect(drawn.every((chunk) => chunk >= 0 && chunk < all)).toBe(true);
        },
      ),
    );
  });

  test('are all of them where all are wanted', () => {
    expect(chunksOf('t', 4, every(10, 'all'))).toEqual([0, 1, 2, 3]);
    expect(chunksOf('t', 0, every(10, 'all'))).toEqual([]);
  });

  test('have their turn equally often', () => {
    const turns = new Map<number, number>();
    for (let at = 0; at < 11_000; at++)
      for (const chunk of chunksOf(`20260101T1200-${at}`, 11, every(10))) turns.set(chunk, (turns.get(chunk) ?? 0) + 1);
    for (const count of turns.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(turns.size).toBe(11);
  });
});

describe('a draw', () => {
  test('gives or takes up to 100.00, as often the one as the other', () => {
    const changes = users.map((user) => changeOf('20260101T1200-0', user));
    expect(changes.every((change) => Number.isInteger(change) && Math.abs(change) <= MAX_CHANGE)).toBe(true);
    const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
    expect(Math.abs(mean)).toBeLessThan(400);
    expect(Math.max(...changes)).toBeGreaterThan(0.99 * MAX_CHANGE);
    expect(Math.min(...changes)).toBeLessThan(-0.99 * MAX_CHANGE);
  });

  test('is another for the next tick and the next user, and the same when it is made again', () => {
    expect(changeOf('20260101T1200-0', 'alice')).toBe(changeOf('20260101T1200-0', 'alice'));
    expect(changeOf('20260101T1200-1', 'alice')).not.toBe(changeOf('20260101T1200-0', 'alice'));
    expect(changeOf('20260101T1200-0', 'alicf')).not.toBe(changeOf('20260101T1200-0', 'alice'));
  });

  test('lets nobody begin below zero, or above 10,000.00', () => {
    const starts = users.map(initialBalanceOf);
    expect(Math.min(...starts)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...starts)).toBeLessThanOrEqual(1_000_000);
    expect(Math.max(...starts)).toBeGreaterThan(990_000);
  });
});

describe('a bucket', () => {
  test('is a chunk’s own, or one of sixteen by the name alone', () => {
    expect(bucketOf('alice', 7)).toBe('chunk:7');
    expect(bucketOf('alice')).toBe(bucketOf('alice'));
    const sizes = [...Map.groupBy(users, (user) => bucketOf(user)).values()].map(({ length }) => length);
    expect(sizes).toHaveLength(16);
    for (const size of sizes) expect(Math.abs(size - users.length / 16)).toBeLessThan(80);
  });
});
