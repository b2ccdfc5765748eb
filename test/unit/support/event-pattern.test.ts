import { expect, test } from 'vitest';
import { newOutboxRecords } from '../../../lib/limits.ts';
import { matchesPattern } from '../../support/event-pattern.ts';

const record = (eventName: string, sk: string) => ({
  eventName,
  dynamodb: { Keys: { pk: { S: 'P' }, sk: { S: sk } } },
});

test.each([
  ['INSERT', 'OUTBOX#1', true],
  ['MODIFY', 'OUTBOX#1', false],
  ['REMOVE', 'OUTBOX#1', false],
  ['INSERT', 'STATE', false],
  ['INSERT', 'outbox#1', false],
])('the filter of the streams passes %s of %s: %s', (eventName, sk, passes) => {
  expect(matchesPattern(newOutboxRecords, record(eventName, sk))).toBe(passes);
});

test('a pattern requires every field, and one of the values of each', () => {
  const pattern = { source: ['orders'], 'detail-type': ['A', 'B'] };
  expect(matchesPattern(pattern, { source: 'orders', 'detail-type': 'B' })).toBe(true);
  expect(matchesPattern(pattern, { source: 'payments', 'detail-type': 'B' })).toBe(false);
  expect(matchesPattern(pattern, { source: 'orders', 'detail-type': 'C' })).toBe(false);
  expect(matchesPattern(pattern, { source: 'orders' })).toBe(false);
});

test('a pattern with another operator is an error, since it would match other events than on AWS', () => {
  expect(() => matchesPattern({ amount: [{ numeric: ['>', 1] }] }, { amount: 2 })).toThrow('no operator');
  expect(() => matchesPattern({ source: 'orders' }, { source: 'orders' })).toThrow('not a pattern');
});
