import { describe, expect, test } from 'vitest';
import { rawLine, readable } from '../../../bin/ops/log-line.ts';
import { bar, columns, table } from '../../../bin/ops/print.ts';
import { figuresTable } from '../../../bin/ops/queues.ts';
import { formatAge, parseDurationMs, parseInstantMs } from '../../../bin/ops/time.ts';

describe('tables', () => {
  test('numbers stand to the right, words to the left', () => {
    expect(
      table(
        ['queue', 'dead'],
        [
          ['orders', 7],
          ['a', 12],
        ],
      ),
    ).toBe('queue   dead\norders     7\na         12');
  });

  test('columns leave the last cell as long as it is', () => {
    expect(
      columns([
        ['a', 'long words'],
        ['bcd', 'x'],
      ]),
    ).toEqual(['a    long words', 'bcd  x']);
  });

  test('a queue without a DLQ says so', () => {
    const figures = [{ queue: 'q', waiting: 1, in_flight: 0, delayed: 0, dead: null }];
    expect(figuresTable(figures)).toContain('no DLQ');
  });

  test('a bar is full when all is done, also where there is nothing to do', () => {
    expect(bar(1, 1)).toBe(bar(0, 0));
    expect(bar(0, 2)).toBe(`[${'.'.repeat(24)}]`);
    expect(bar(3, 2)).toBe(`[${'#'.repeat(24)}]`);
  });
});

describe('times', () => {
  test('durations', () => {
    expect(parseDurationMs('90s', '--since')).toBe(90_000);
    expect(parseDurationMs('2h', '--since')).toBe(7_200_000);
    for (const wrong of ['10', 'm', '1.5h', '-1m', '1w', ''])
      expect(() => parseDurationMs(wrong, '--since')).toThrow('--since takes a duration');
  });

  test('instants have a zone, so that nobody has to guess it', () => {
    expect(parseInstantMs('2026-01-31T12:00:00Z', '--from')).toBe(Date.UTC(2026, 0, 31, 12));
    expect(parseInstantMs('2026-01-31T12:00:00+02:00', '--from')).toBe(Date.UTC(2026, 0, 31, 10));
    expect(parseInstantMs('2026-01-31', '--from')).toBe(Date.UTC(2026, 0, 31));
    for (const wrong of ['yesterday', '12', '2026-13-01', '2026-01-31T12:00:00'])
      expect(() => parseInstantMs(wrong, '--from')).toThrow('--from takes a time');
  });

  test('ages', () => {
    expect([-5, 59_000, 61_000, 5 * 3_600_000, 49 * 3_600_000].map(formatAge)).toEqual(['0s', '59s', '1m', '5h', '2d']);
  });
});

describe('a line of a log', () => {
  const at = Date.UTC(2026, 0, 1, 12, 0, 0, 5);
  const line = (message: unknown) => ({
    at,
    from: 'orders-api',
    message: typeof message === 'string' ? message : JSON.stringify(message),
  });

  test('shows what happened, and not what every line carries', () => {
    const written = line({
      level: 'INFO',
      message: 'answered',
      timestamp: 'x',
      service: 'orders',
      cold_start: true,
      function_arn: 'arn',
      status: 201,
      route: 'POST /orders',
      correlation_id: 'c1',
      error: { name: 'Error', message: 'no', stack: 'long' },
    });
    expect(readable(written)).toBe(
      '12:00:00.005 orders-api INFO  answered status=201 route="POST /orders" correlation_id=c1 error="Error: no"',
    );
  });

  test.each([
    'START RequestId: 1 Version: $LATEST',
    'REPORT RequestId: 1\tDuration: 1 ms',
    '{"_aws":{"Timestamp":1},"Duplicates":1}',
    '\n',
  ])('%j is for machines only', (message) => expect(readable(line(message))).toBeUndefined());

  test('what is not JSON is shown as it is', () => {
    expect(readable(line('{ not json\n'))).toBe('12:00:00.005 orders-api { not json');
  });

  test('goes to programs whole', () => {
    expect(rawLine(line({ level: 'INFO', cold_start: true }))).toEqual({
      time: '2026-01-01T12:00:00.005Z',
      function: 'orders-api',
      line: { level: 'INFO', cold_start: true },
    });
  });
});
