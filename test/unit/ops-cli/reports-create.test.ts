import { expect, test } from 'vitest';
import { parseRange } from '../../../bin/ops/reports-create.ts';

const nowMs = Date.parse('2026-11-22T10:00:00Z');
const rangeOf = (values: Parameters<typeof parseRange>[0]) => parseRange(values, nowMs, 300_000);

test('--since ends before rows that may still be written', () => {
  expect(rangeOf({ since: '1d' })).toEqual({ from: '2026-11-21T10:00:00.000Z', to: '2026-11-22T09:54:55.000Z' });
});

test('a date is its first moment in UTC', () => {
  expect(rangeOf({ from: '2026-10-01', to: '2026-11-01T12:00:00+01:00' })).toEqual({
    from: '2026-10-01T00:00:00.000Z',
    to: '2026-11-01T11:00:00.000Z',
  });
});

test.each([
  [{ since: '5m' }, '--since must be more than 305s'],
  [{ since: '1d', from: '2026-10-01' }, 'Give either --since, or --from and --to.'],
  [{ since: 'today' }, '--since requires a duration'],
  [{ from: '2026-10-01' }, '--to requires a time'],
  [{}, '--from requires a time'],
])('the range %j is refused: %s', (values, problem) => {
  expect(() => rangeOf(values)).toThrow(problem);
});
