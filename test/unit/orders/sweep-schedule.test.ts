import { expect, test } from 'vitest';
import { minutesToSweep, publishedMinuteKey, shardsOf } from '../../../lambdas/orders/sweep-schedule.ts';

const noon = Date.parse('2026-01-01T12:00:30.000Z');
const id = 'a'.repeat(26);

test('an event is swept after the limit, at each doubling of that age, and then every six hours', () => {
  // The event is published at the end of its minute, and the sweeps run at full minutes as scheduled.
  const publishedAt = Date.parse('2026-01-01T11:59:59.900Z');
  const shard = publishedMinuteKey(publishedAt, id);
  const firstSweepAt = Date.parse('2026-01-01T12:00:00.000Z');
  const ages = Array.from({ length: 2000 }, (_, minutes) => firstSweepAt + minutes * 60_000)
    .filter((now) => minutesToSweep(now, 2).flatMap(shardsOf).includes(shard))
    .map((now) => Math.floor((now - publishedAt) / 60_000));
  expect(ages).toEqual([2, 4, 8, 16, 32, 64, 128, 256, 512, 872, 1232, 1592, 1952]);
});

test('the events of a minute are spread over four partitions, and an order always has the same one', () => {
  const shards = new Set(Array.from({ length: 100 }, (_, index) => publishedMinuteKey(noon, `order-${index}`)));
  expect(shards.size).toBe(4);
  expect(publishedMinuteKey(noon, id)).toBe(publishedMinuteKey(noon + 29_000, id));
});

test('the minutes of one sweep fit into one read of 100 keys', () => {
  for (const limitMinutes of [1, 2, 5, 60]) expect(minutesToSweep(noon, limitMinutes).length).toBeLessThanOrEqual(64);
});
