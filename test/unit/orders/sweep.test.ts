import { expect, test } from 'vitest';
import { minuteOf, minutesToSweep } from '../../../lambdas/orders/sweep.ts';

const noon = Date.parse('2026-01-01T12:00:30.000Z');
const id = 'a'.repeat(26);

test('what an order stated is found by the sweep one limit later, and at each doubling', () => {
  const stated = minuteOf(noon, id);
  const sweeps = Array.from({ length: 2000 }, (_, minutes) => minutes).filter((minutes) =>
    minutesToSweep(noon + minutes * 60_000, 2).includes(stated),
  );
  expect(sweeps).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512]);
});

test('a minute is spread over several partitions, the same for an order every time', () => {
  const shards = new Set(Array.from({ length: 100 }, (_, at) => minuteOf(noon, `order-${at}`)));
  expect(shards.size).toBe(4);
  expect(minuteOf(noon, id)).toBe(minuteOf(noon + 29_000, id));
});
