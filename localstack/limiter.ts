import pLimit, { type LimitFunction } from 'p-limit';

/**
 * Creates a function that runs at most `max` calls at once for each key; further calls wait in order. The embedded
 * engine starts one more function worker for each concurrent call and keeps it, so a burst without a limit would use up
 * the memory of a laptop.
 */
export function createLimiter(max: number): <T>(key: string, work: () => Promise<T>) => Promise<T> {
  const limits = new Map<string, LimitFunction>();
  return (key, work) => {
    const limit = limits.get(key) ?? pLimit(max);
    limits.set(key, limit);
    return limit(work);
  };
}
