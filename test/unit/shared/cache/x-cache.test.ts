import { describe, expect, test } from 'vitest';
import {
  type CacheStatus,
  cacheHeader,
  cacheStatuses,
  toCacheHeaders,
  worstStatus,
} from '../../../../lambdas/shared/cache/x-cache.ts';

describe('the header X-Cache', () => {
  test('has the status as its value', () => {
    expect(cacheStatuses.map(toCacheHeaders)).toEqual([
      { [cacheHeader]: 'hit' },
      { [cacheHeader]: 'miss' },
      { [cacheHeader]: 'stale' },
    ]);
  });

  test.each<[CacheStatus[], CacheStatus]>([
    [[], 'hit'],
    [['hit', 'hit'], 'hit'],
    [['hit', 'miss', 'hit'], 'miss'],
    [['miss', 'stale', 'hit'], 'stale'],
  ])('of the parts %j is %s', (statuses, worst) => {
    expect(worstStatus(statuses)).toBe(worst);
  });
});
