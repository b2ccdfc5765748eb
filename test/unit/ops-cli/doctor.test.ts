import { describe, expect, test } from 'vitest';
import type { Check } from '../../../bin/ops/check.ts';
import { diagnose, formatDiagnosis } from '../../../bin/ops/doctor.ts';
import { compareConcurrency } from '../../../bin/ops/doctor-concurrency.ts';
import { clockSkewMs } from '../../../bin/ops/doctor-reach.ts';
import { createTarget } from '../../../bin/ops/target.ts';

const target = createTarget({ stage: 'local', onAws: false });
const checkThat = (run: Check['run']): Check => ({ title: 'Tables', remedy: () => 'deploy them', run });

describe('the doctor', () => {
  test('reports a passed check in one line', async () => {
    const diagnosis = await diagnose(
      checkThat(async () => ({ summary: '3 active', problems: [] })),
      target,
    );
    expect(formatDiagnosis(diagnosis)).toBe('✓ Tables: 3 active');
  });

  test('reports problems together with a remedy', async () => {
    const diagnosis = await diagnose(
      checkThat(async () => ({ summary: '', problems: ['a', 'b'] })),
      target,
    );
    expect(formatDiagnosis(diagnosis)).toBe('✗ Tables: a; b\n  deploy them');
  });

  test('reports a check that throws as a problem', async () => {
    const diagnosis = await diagnose(
      checkThat(async () => Promise.reject(new Error('no permission'))),
      target,
    );
    expect(diagnosis).toMatchObject({
      ok: false,
      completed: false,
      problems: ['no permission'],
      remedy: 'deploy them',
    });
  });

  test('measures no skew if the server time lies within the request', () => {
    expect(clockSkewMs(10_000, 10_500, 10_700)).toBe(0);
    expect(clockSkewMs(100_000, 10_000, 11_000)).toBe(89_000);
    expect(clockSkewMs(10_000, 100_000, 101_000)).toBe(89_000);
  });

  describe('of the concurrency', () => {
    const mapping = (queue: string, maximum?: number) => ({
      EventSourceArn: `arn:aws:sqs:eu-west-1:123456789012:${queue}`,
      ...(maximum === undefined ? {} : { ScalingConfig: { MaximumConcurrency: maximum } }),
    });
    const stream = { EventSourceArn: 'arn:aws:dynamodb:eu-west-1:123456789012:table/orders/stream/1' };

    test('accepts a quota that covers all queues and what is kept free', () => {
      const mappings = [mapping('a', 20), mapping('b', 20), stream];
      expect(compareConcurrency({ mappings, available: 50, spare: 10, isLimited: true })).toEqual({
        summary:
          'the account allows 50 concurrent executions, and the stage needs 50 ' +
          '(40 for 2 queues, 10 for requests, the relay and schedules)',
        problems: [],
      });
    });

    test('reports the quota of a new account as too low', () => {
      const { problems } = compareConcurrency({
        mappings: [mapping('a', 20)],
        available: 10,
        spare: 10,
        isLimited: true,
      });
      expect(problems).toEqual([
        'the account allows 10 concurrent executions, the stage needs 30 ' +
          '(20 for 1 queues, 10 for requests, the relay and schedules)',
      ]);
    });

    test('reports a queue without a limit', () => {
      const { problems } = compareConcurrency({
        mappings: [mapping('oncebox-prod-a')],
        available: 1000,
        spare: 10,
        isLimited: true,
      });
      expect(problems).toEqual(['the mapping of oncebox-prod-a has no limit']);
    });

    test('accepts a queue without a limit in a stage that has none', () => {
      const mappings = [mapping('oncebox-dev-a')];
      expect(compareConcurrency({ mappings, available: 100, spare: 50, isLimited: false }).problems).toEqual([]);
    });

    test('reports an unknown quota', () => {
      expect(
        compareConcurrency({ mappings: [], available: undefined, spare: 10, isLimited: true }).problems,
      ).toHaveLength(1);
    });
  });
});
