import fc from 'fast-check';
import { expect, test } from 'vitest';
import { fullJitterMs, systemClock, toIso } from '../../../../lambdas/shared/runtime/clock.ts';
import { createSteppingClock } from '../../../support/fixtures.ts';

test('a wait is anything between nothing and the doubled bound, never beyond the cap', () => {
  const chance = fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true });
  fc.assert(
    fc.property(
      chance,
      fc.nat(2000),
      fc.integer({ min: 1, max: 1000 }),
      fc.integer({ min: 1, max: 5000 }),
      (random, attempt, base, cap) => {
        const wait = fullJitterMs(createSteppingClock(random), attempt, base, cap);
        expect(wait).toBeGreaterThanOrEqual(0);
        expect(wait).toBeLessThanOrEqual(Math.min(cap, base * 2 ** attempt));
      },
    ),
  );
});

test('the bound doubles with each attempt until the cap', () => {
  expect([0, 1, 2, 3, 4].map((attempt) => fullJitterMs(createSteppingClock(1), attempt, 10, 50))).toEqual([
    10, 20, 40, 50, 50,
  ]);
});

test('the system’s clock is now, in a form that sorts as text', async () => {
  const before = Date.now();
  await systemClock.sleep(0);
  expect(systemClock.now()).toBeGreaterThanOrEqual(before);
  expect(systemClock.random()).toBeLessThan(1);
  expect(toIso(0)).toBe('1970-01-01T00:00:00.000Z');
});
