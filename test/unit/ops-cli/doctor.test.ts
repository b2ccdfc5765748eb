import { describe, expect, test } from 'vitest';
import { changed } from '../../../bin/ops/chaos-parameter.ts';
import type { Check } from '../../../bin/ops/check.ts';
import { describeError } from '../../../bin/ops/describe-error.ts';
import { diagnose, formatDiagnosis } from '../../../bin/ops/doctor.ts';
import { skewOf } from '../../../bin/ops/doctor-reach.ts';
import { createTarget } from '../../../bin/ops/target.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';

const target = createTarget({ stage: 'local', onAws: false }, 'http://127.0.0.1:4566');
const check = (run: Check['run']): Check => ({ title: 'Things', remedy: () => 'mend them', run });

describe('the doctor', () => {
  test('says what is well in one line', async () => {
    const diagnosis = await diagnose(
      check(async () => ({ summary: '3 things', problems: [] })),
      target,
    );
    expect(formatDiagnosis(diagnosis)).toBe('✓ Things: 3 things');
  });

  test('gives a way out with every fault', async () => {
    const diagnosis = await diagnose(
      check(async () => ({ summary: '', problems: ['a', 'b'] })),
      target,
    );
    expect(formatDiagnosis(diagnosis)).toBe('✗ Things: a; b\n  mend them');
  });

  test('takes what cannot be looked at for a fault', async () => {
    const diagnosis = await diagnose(
      check(async () => Promise.reject(new Error('no right'))),
      target,
    );
    expect(diagnosis).toMatchObject({ ok: false, wasRun: false, problems: ['no right'], remedy: 'mend them' });
  });

  test('knows a clock that is off from one that was only read in between', () => {
    expect(skewOf(10_000, 10_500, 10_700)).toBe(0);
    expect(skewOf(100_000, 10_000, 11_000)).toBe(89_000);
    expect(skewOf(10_000, 100_000, 101_000)).toBe(89_000);
  });
});

describe('an error', () => {
  test('of an engine that is not there says how to start it', () => {
    const refused = Object.assign(new AggregateError([]), { code: 'ECONNREFUSED' });
    expect(describeError(refused, target)).toEqual({
      problem: 'Nothing answers at http://127.0.0.1:4566 (ECONNREFUSED).',
      remedy: expect.stringContaining('npm start'),
    });
  });

  test('without credentials says how to log in', () => {
    const error = Object.assign(new Error('x'), { name: 'CredentialsProviderError' });
    expect(describeError(error, createTarget({ stage: 'prod', onAws: true })).problem).toBe(
      'There are no AWS credentials.',
    );
  });
});

describe('names', () => {
  test('are short within their stage', () => {
    expect(target.name('orders')).toBe('oncebox-local-orders');
    expect(target.name()).toBe('oncebox-local');
    expect(target.short('oncebox-local-order-payments-dlq')).toBe('order-payments-dlq');
    expect(target.short('order-payments')).toBe('order-payments');
  });
});

describe('chaos', () => {
  test('changes what is named and leaves the rest', () => {
    expect(changed({ ...noFaults, duplicate: 0.1 }, ['publish_failure=0.2', 'latency_ms=50'])).toEqual({
      ...noFaults,
      duplicate: 0.1,
      publish_failure: 0.2,
      latency_ms: 50,
    });
  });

  test.each([
    'publish_failure',
    'nonsense=1',
    'publish_failure=2',
    'latency_ms=1.5',
    'constructor=1',
    'duplicate=0.1.2',
  ])('"%s" is refused', (assignment) => expect(() => changed(noFaults, [assignment])).toThrow());
});
