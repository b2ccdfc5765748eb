import { expect, test } from 'vitest';
import { eventsIn, expiryOf, outboxRecord } from '../../../lambdas/shared/outbox.ts';
import type { Item } from '../../../lambdas/shared/store.ts';
import { greeted, noon } from '../kit.ts';

const itemOf = (...args: Parameters<typeof outboxRecord>): Item => {
  const write = outboxRecord(...args);
  if (write.op !== 'put') throw new Error('an outbox record is put');
  return write.item;
};

test('a record stands beside what it tells of, under the id of its first event, and only once', () => {
  const write = outboxRecord({ about: 'ORDER#1', events: [greeted('alice'), greeted('bob')] }, noon, false);
  expect(write).toMatchObject({
    op: 'put',
    item: { pk: 'ORDER#1', sk: 'OUTBOX#Greeted:alice' },
    when: { is: 'absent' },
  });
  expect(write).not.toHaveProperty('decides');
  expect(outboxRecord({ about: 'ORDER#1', events: [greeted('alice')] }, noon, true)).toHaveProperty('decides', true);
});

test('a record gives its events back in the order in which they were stated', () => {
  const events = [greeted('c'), greeted('a'), greeted('b', { nudge: 'again' })];
  expect(eventsIn(itemOf({ about: 'X', events }, noon, false))).toEqual(events);
});

test('a record expires 15 days after it was written, in whole seconds', () => {
  expect(expiryOf(noon + 999)).toBe(noon / 1000 + 15 * 86_400);
  expect(itemOf({ about: 'X', events: [greeted('a')] }, noon, false)['expires_at']).toBe(noon / 1000 + 15 * 86_400);
});

test('the outbox holds events without the time of publishing, which only the relay knows', () => {
  expect(eventsIn(itemOf({ about: 'X', events: [greeted('a')] }, noon, false))[0]).not.toHaveProperty('published_at');
});

test('a record bears what an index finds it by', () => {
  const index = { stated_in: '2026-01-01T12:00#1' };
  expect(itemOf({ about: 'X', events: [greeted('a')], index }, noon, false)).toMatchObject(index);
});

test('a record that is worth little goes early, and says how long it was to stay', () => {
  const record = itemOf({ about: 'X', events: [greeted('a')], keptForS: 60 }, noon, false);
  expect(record).toMatchObject({ expires_at: noon / 1000 + 60, kept_for_s: 60 });
  expect(itemOf({ about: 'X', events: [greeted('a')] }, noon, false)).not.toHaveProperty('kept_for_s');
});
