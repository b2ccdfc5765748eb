import { expect, test } from 'vitest';
import { minutesToSweep, publishedMinuteKey, shardsOf } from '../../../lambdas/orders/sweep-schedule.ts';

const noon = Date.parse('2026-01-01T12:00:30.000Z');
const id = 'a'.repeat(26);

test('what an order stated is asked after one limit later, at each doubling, and then four times a day', () => {
  // the last moment of its minute, and sweeps on the minute as the schedule has them
  const at = Date.parse('2026-01-01T11:59:59.900Z');
  const stated = publishedMinuteKey(at, id);
  const onTheMinute = Date.parse('2026-01-01T12:00:00.000Z');
  const ages = Array.from({ length: 2000 }, (_, minutes) => onTheMinute + minutes * 60_000)
    .filter((now) => minutesToSweep(now, 2).flatMap(shardsOf).includes(stated))
    .map((now) => Math.floor((now - at) / 60_000));
  expect(ages).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 872, 1232, 1592, 1952]);
});

test('a minute is spread over several partitions, the same for an order every time', () => {
  const shards = new Set(Array.from({ length: 100 }, (_, at) => publishedMinuteKey(noon, `order-${at}`)));
  expect(shards.size).toBe(4);
  expect(publishedMinuteKey(noon, id)).toBe(publishedMinuteKey(noon + 29_000, id));
});

test('the minutes of one sweep are told over in one read of 100 keys', () => {
  for (const limit of [1, 2, 5, 60]) expect(minutesToSweep(noon, limit).length).toBeLessThanOrEqual(64);
});
