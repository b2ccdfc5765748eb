import { describe, expect, test } from 'vitest';
import { columns, table } from '../../../bin/ops/print.ts';
import { formatQueueCounts } from '../../../bin/ops/queues.ts';
import { formatAge, parseDurationMs, parseInstantMs } from '../../../bin/ops/time.ts';
import { bar } from '../../../tools/progress.ts';

describe('print', () => {
  test('aligns columns of numbers to the right and other columns to the left', () => {
    expect(
      table(
        ['queue', 'size'],
        [
          ['orders', 7],
          ['a', 12],
        ],
      ),
    ).toBe('queue   size\norders     7\na         12');
  });

  test('does not pad the last column', () => {
    expect(
      columns([
        ['a', 'long words'],
        ['bcd', 'x'],
      ]),
    ).toEqual(['a    long words', 'bcd  x']);
  });

  test('shows that a queue has no DLQ', () => {
    const counts = [{ queue: 'q', visible: 1, in_flight: 0, delayed: 0, dead_letters: null }];
    expect(formatQueueCounts(counts)).toContain('no DLQ');
  });

  test('shows a full bar when all is done, also if there is nothing to do', () => {
    expect(bar(1, 1)).toBe(bar(0, 0));
    expect(bar(0, 2)).toBe(`[${'.'.repeat(24)}]`);
    expect(bar(3, 2)).toBe(`[${'#'.repeat(24)}]`);
  });
});

describe('time', () => {
  test('parses durations with one unit', () => {
    expect(parseDurationMs('90s', '--since')).toBe(90_000);
    expect(parseDurationMs('2h', '--since')).toBe(7_200_000);
    for (const invalid of ['10', 'm', '1.5h', '-1m', '1w', ''])
      expect(() => parseDurationMs(invalid, '--since')).toThrow('--since requires a duration');
  });

  test('parses instants, and rejects a time without a zone', () => {
    expect(parseInstantMs('2026-01-31T12:00:00Z', '--from')).toBe(Date.UTC(2026, 0, 31, 12));
    expect(parseInstantMs('2026-01-31T12:00:00+02:00', '--from')).toBe(Date.UTC(2026, 0, 31, 10));
    expect(parseInstantMs('2026-01-31', '--from')).toBe(Date.UTC(2026, 0, 31));
    for (const invalid of ['yesterday', '12', '2026-13-01', '2026-01-31T12:00:00'])
      expect(() => parseInstantMs(invalid, '--from')).toThrow('--from requires a time');
  });

  test('formats ages with one unit', () => {
    expect([-5, 59_000, 61_000, 5 * 3_600_000, 49 * 3_600_000].map(formatAge)).toEqual(['0s', '59s', '1m', '5h', '2d']);
  });
});
