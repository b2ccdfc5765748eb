import { describe, expect, test } from 'vitest';
import { applyAssignments } from '../../../bin/ops/chaos-set.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';

describe('applyAssignments', () => {
  test('changes the named settings and keeps the others', () => {
    expect(applyAssignments({ ...noFaults, duplicate: 0.1 }, ['publish_failure=0.2', 'latency_ms=50'])).toEqual({
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
  ])('rejects "%s"', (assignment) => expect(() => applyAssignments(noFaults, [assignment])).toThrow());
});
