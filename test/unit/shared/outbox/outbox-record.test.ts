import { expect, test } from 'vitest';
import { createOutboxRecord, expiresAt, parseOutboxRecord } from '../../../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../../../lambdas/shared/store/store.ts';
import { greeted, noon } from '../../../support/fixtures.ts';

const rowOf = (...args: Parameters<typeof createOutboxRecord>): Row => {
  const write = createOutboxRecord(...args);
  if (write.op !== 'put') throw new Error('an outbox record must be a put');
  return write.row;
};

test('a record is put into the partition of its aggregate, under the id of its first event, if absent', () => {
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

test('a record returns its events in their original order', () => {
  const events = [greeted('c'), greeted('a'), greeted('b', { nudge: 'again' })];
  expect(parseOutboxRecord(rowOf({ aggregate: 'X', events }, noon, false))).toEqual(events);
});

test('a record expires 15 days after it was written, in whole seconds', () => {
  expect(expiresAt(noon + 999)).toBe(noon / 1000 + 15 * 86_400);
  expect(rowOf({ aggregate: 'X', events: [greeted('a')] }, noon, false)['expires_at']).toBe(noon / 1000 + 15 * 86_400);
});

test('a record holds events without published_at, which the relay adds', () => {
  expect(parseOutboxRecord(rowOf({ aggregate: 'X', events: [greeted('a')] }, noon, false))[0]).not.toHaveProperty(
    'published_at',
  );
});

test('a record contains the attributes of its index', () => {
  const index = { published_minute: '2026-01-01T12:00#1' };
  expect(rowOf({ aggregate: 'X', events: [greeted('a')], index }, noon, false)).toMatchObject(index);
});

test('a record with its own TTL expires earlier and stores that TTL', () => {
  const record = rowOf({ aggregate: 'X', events: [greeted('a')], ttlSeconds: 60 }, noon, false);
  expect(record).toMatchObject({ expires_at: noon / 1000 + 60, ttl_seconds: 60 });
  expect(rowOf({ aggregate: 'X', events: [greeted('a')] }, noon, false)).not.toHaveProperty('ttl_seconds');
});
