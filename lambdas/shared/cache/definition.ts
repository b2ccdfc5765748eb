import type { RowLocation } from './group-rows.ts';

/**
 * Describes a cache that execution environments share. The API that reads through it and the consumer that invalidates
 * it use the same object, so they agree on names and rows.
 */
export interface CacheDefinition<V> extends RowLocation {
  /** The maximum age of a value whose invalidation was lost. */
  readonly ttlMs: number;
  /** How long the cache may say that the source has nothing under a key. */
  readonly absentTtlMs: number;
  /** The limit of the memory of one environment, for keys and values. */
  readonly maxCharacters: number;
  /** Parses a value from a row. It throws if another release has written a value that this one does not know. */
  readonly parse: (json: unknown) => V;
}
