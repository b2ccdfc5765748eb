/**
 * `hit`: from memory or from a row. `miss`: read from the source, by this request or by one that it waited for.
 * `stale`: neither the source nor the invalidations could be read, so the value may be older than usual, but not older
 * than its TTL.
 */
export type CacheStatus = 'hit' | 'miss' | 'stale';

/** The header by which each cached route tells where its response came from. */
export const cacheHeader = 'X-Cache';
export const cacheStatuses: readonly CacheStatus[] = ['hit', 'miss', 'stale'];

export const toCacheHeaders = (status: CacheStatus): Record<string, string> => ({ [cacheHeader]: status });

/** Returns the status of a response that has several cached parts: the worst one. */
export function worstStatus(statuses: readonly CacheStatus[]): CacheStatus {
  if (statuses.includes('stale')) return 'stale';
  return statuses.includes('miss') ? 'miss' : 'hit';
}
