import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitterMs, systemClock, toIso } from '../../../../lambdas/shared/runtime/clock.ts';
import { createSteppingClock } from '../../../support/fixtures.ts';

test('full jitter waits between 0 and the doubled base, and never longer than the maximum', () => {
  const randoms = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      randoms,
      fc.nat(2000),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 5000 }),
      (random, attempt, baseMs, maxMs) => {
        const waitMs = fullJitterMs(createSteppingClock(random), attempt, baseMs, maxMs);
        expect(waitMs).toBeGreaterThanOrEqual(0);
        expect(waitMs).toBeLessThanOrEqual(Math.min(maxMs, baseMs * 2 ** attempt));
      },
    ),
  );
});

test('the upper bound of full jitter doubles with each attempt up to the maximum', () => {
  expect([0, 1, 2, 3, 4].map((attempt) => fullJitterMs(createSteppingClock(1), attempt, 10, 50))).toEqual([
    10, 20, 40, 50, 50,
  ]);
});

test('the system clock returns the current time, and ISO times sort as text', async () => {
  const before = Date.now();
  await systemClock.sleep(0);
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(systemClock.random()).toBeLessThan(1);
  expect(toIso(0)).toBe('1970-01-01T00:00:00.000Z');
});
