import { expect, test } from 'vitest';
import { createOutboxRecord, expiresAt, parseOutboxRecord } from '../../../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../../../lambdas/shared/store/store.ts';
import { greeted, noon } from '../../../support/fixtures.ts';

const itemOf = (...args: Parameters<typeof createOutboxRecord>): Row => {
  const write = createOutboxRecord(...args);
  if (write.op !== 'put') throw new Error('an outbox record is put');
  return write.row;
};

test('a record stands beside what it tells of, under the id of its first event, and only once', () => {
  const write = createOutboxRecord({ aggregate: 'ORDER#1', events: [greeted('alice'), greeted('bob')] }, noon, false);
  expect(write).toMatchObject({
    op: 'put',
    row: { pk: 'ORDER#1', sk: 'OUTBOX#Greeted:alice' },
    when: { type: 'absent' },
  });
  expect(write).not.toHaveProperty('decides');
  expect(createOutboxRecord({ aggregate: 'ORDER#1', events: [greeted('alice')] }, noon, true)).toHaveProperty(
    'decides',
    true,
  );
});

test('a record gives its events back in the order in which they were stated', () => {
  const events = [greeted('c'), greeted('a'), greeted('b', { nudge: 'again' })];
  expect(parseOutboxRecord(itemOf({ aggregate: 'X', events }, noon, false))).toEqual(events);
});

test('a record expires 15 days after it was written, in whole seconds', () => {
  expect(expiresAt(noon + 999)).toBe(noon / 1000 + 15 * 86_400);
  expect(itemOf({ aggregate: 'X', events: [greeted('a')] }, noon, false)['expires_at']).toBe(noon / 1000 + 15 * 86_400);
});

test('the outbox holds events without the time of publishing, which only the relay knows', () => {
  expect(parseOutboxRecord(itemOf({ aggregate: 'X', events: [greeted('a')] }, noon, false))[0]).not.toHaveProperty(
    'published_at',
  );
});

test('a record bears what an index finds it by', () => {
  const index = { published_minute: '2026-01-01T12:00#1' };
  expect(itemOf({ aggregate: 'X', events: [greeted('a')], index }, noon, false)).toMatchObject(index);
});

test('a record that is worth little goes early, and says how long it was to stay', () => {
  const record = itemOf({ aggregate: 'X', events: [greeted('a')], ttlSeconds: 60 }, noon, false);
  expect(record).toMatchObject({ expires_at: noon / 1000 + 60, ttl_seconds: 60 });
  expect(itemOf({ aggregate: 'X', events: [greeted('a')] }, noon, false)).not.toHaveProperty('ttl_seconds');
});
