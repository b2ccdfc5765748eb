import { describe, expect, test } from 'vitest';
import { formatLogLine, toJsonLine } from '../../../bin/ops/log-line.ts';

const lineWith = (message: unknown) => ({
  timestampMs: Date.UTC(2026, 0, 1, 12, 0, 0, 5),
  functionName: 'orders-api',
  message: typeof message === 'string' ? message : JSON.stringify(message),
});

describe('a log line', () => {
  test('shows the fields of the message, and not the fields of every line', () => {
    const line = lineWith({
      level: 'INFO',
      message: 'request completed',
      timestamp: 'x',
      service: 'orders',
      cold_start: true,
      function_arn: 'arn',
      status: 201,
      route: 'POST /orders',
      correlation_id: 'c1',
      error: { name: 'Error', message: 'no', stack: 'long' },
    });
    expect(formatLogLine(line)).toBe(
      '12:00:00.005 orders-api INFO  request completed status=201 route="POST /orders" correlation_id=c1 error="Error: no"',
    );
  });

  test.each([
    'START RequestId: 1 Version: $LATEST',
    'REPORT RequestId: 1\tDuration: 1 ms',
    '{"_aws":{"Timestamp":1},"Duplicates":1}',
    '\n',
  ])('is left out if it is %j', (message) => expect(formatLogLine(lineWith(message))).toBeUndefined());

  test('is shown as it is if it is not JSON', () => {
    expect(formatLogLine(lineWith('{ not json\n'))).toBe('12:00:00.005 orders-api { not json');
  });

  test('is complete with --json', () => {
    expect(toJsonLine(lineWith({ level: 'INFO', cold_start: true }))).toEqual({
      time: '2026-01-01T12:00:00.005Z',
      function: 'orders-api',
      line: { level: 'INFO', cold_start: true },
    });
  });
});
