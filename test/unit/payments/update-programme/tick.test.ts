import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { bucketOf } from '../../../../events/payments/bucket.ts';
import {
  drawChange,
  drawChunks,
  drawInitialBalance,
  MAX_CHANGE,
  ticksOfMinute,
  toMinute,
} from '../../../../lambdas/payments/update-programme/tick.ts';

const noon = Date.parse('2026-01-01T12:00:00Z');
const every = (intervalS: number, chunksPerTick: number | 'all' = 1) => ({ intervalS, chunksPerTick });
const users = Array.from({ length: 5000 }, (_, index) => `user-${index}`);

describe('ticksOfMinute', () => {
  test('returns ticks that cover the minute, with the minute and their index as id', () => {
    const ticks = ticksOfMinute(noon, every(15));
    expect(ticks.map(({ id }) => id)).toEqual([0, 1, 2, 3].map((index) => `20260101T1200-0${index}`));
    expect(ticks.map(({ due_at }) => due_at - noon)).toEqual([0, 15_000, 30_000, 45_000]);
    expect(ticks.map(({ deadline_at }) => deadline_at - noon)).toEqual([15_000, 30_000, 45_000, 60_000]);
  });

  test('returns the same ticks for any time of the minute', () => {
    expect(ticksOfMinute(noon + 59_999, every(10))).toEqual(ticksOfMinute(noon, every(10)));
    expect(ticksOfMinute(noon + 60_000, every(10))[0]?.id).toBe('20260101T1201-00');
    expect(toMinute(noon + 59_999)).toBe('20260101T1200');
  });

  test.each([
    [5, 12],
    [10, 6],
    [60, 1],
  ])('with an interval of %i seconds returns %i', (interval, count) => {
    expect(ticksOfMinute(noon, every(interval))).toHaveLength(count);
  });
});

describe('drawChunks', () => {
  test('returns the wanted number of distinct chunks, and always the same for one tick', () => {
    fc.assert(
      fc.property(
        fc.string(),
        fc.integer({ min: 0, max: 300 }),
        fc.integer({ min: 1, max: 320 }),
        (tick, chunkCount, wanted) => {
          const drawn = drawChunks(tick, chunkCount, every(10, wanted));
          expect(drawn).toEqual(drawChunks(tick, chunkCount, every(10, wanted)));
          expect(new Set(drawn).size).toBe(Math.min(chunkCount, wanted));
          expect(drawn.every((chunk) => chunk >= 0 && chunk < chunkCount)).toBe(true);
        },
      ),
    );
  });

  test('returns all chunks for `all`', () => {
    expect(drawChunks('t', 4, every(10, 'all'))).toEqual([0, 1, 2, 3]);
    expect(drawChunks('t', 0, every(10, 'all'))).toEqual([]);
  });

  test('returns each chunk equally often', () => {
    const counts = new Map<number, number>();
    for (let tick = 0; tick < 11_000; tick++)
      for (const chunk of drawChunks(`20260101T1200-${tick}`, 11, every(10)))
        counts.set(chunk, (counts.get(chunk) ?? 0) + 1);
    for (const count of counts.values()) expect(Math.abs(count - 1000)).toBeLessThan(150);
    expect(counts.size).toBe(11);
  });
});

describe('drawChange', () => {
  test('returns changes up to 100.00, as often positive as negative', () => {
    const changes = users.map((user) => drawChange('20260101T1200-0', user));
    expect(changes.every((change) => Number.isInteger(change) && Math.abs(change) <= MAX_CHANGE)).toBe(true);
    const mean = changes.reduce((sum, change) => sum + change, 0) / changes.length;
    expect(Math.abs(mean)).toBeLessThan(400);
    expect(Math.max(...changes)).toBeGreaterThan(0.99 * MAX_CHANGE);
    expect(Math.min(...changes)).toBeLessThan(-0.99 * MAX_CHANGE);
  });

  test('returns the same change for the same tick and user, and another one if either differs', () => {
    expect(drawChange('20260101T1200-0', 'alice')).toBe(drawChange('20260101T1200-0', 'alice'));
    expect(drawChange('20260101T1200-1', 'alice')).not.toBe(drawChange('20260101T1200-0', 'alice'));
    expect(drawChange('20260101T1200-0', 'alicf')).not.toBe(drawChange('20260101T1200-0', 'alice'));
  });
});

test('drawInitialBalance returns balances from 0.00 to 10,000.00', () => {
  const balances = users.map(drawInitialBalance);
  expect(Math.min(...balances)).toBeGreaterThanOrEqual(0);
  expect(Math.max(...balances)).toBeLessThanOrEqual(1_000_000);
  expect(Math.max(...balances)).toBeGreaterThan(990_000);
});

test('bucketOf returns the chunk of an account, or else one of 16 hash buckets by its user', () => {
  expect(bucketOf('alice', 7)).toBe('chunk:7');
  expect(bucketOf('alice')).toBe(bucketOf('alice'));
  const sizes = [...Map.groupBy(users, (user) => bucketOf(user)).values()].map(({ length }) => length);
  expect(sizes).toHaveLength(16);
  for (const size of sizes) expect(Math.abs(size - users.length / 16)).toBeLessThan(80);
});
