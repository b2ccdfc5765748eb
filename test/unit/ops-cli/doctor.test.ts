import { describe, expect, test } from 'vitest';
import type { Check } from '../../../bin/ops/check.ts';
import { diagnose, formatDiagnosis } from '../../../bin/ops/doctor.ts';
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
});
