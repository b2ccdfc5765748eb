import type { CacheDefinition } from './definition.ts';
import type { Version } from './entry.ts';
import { announce } from './feed.ts';
import { applyToRow, type RowPorts } from './group-rows.ts';

/** A change at the source. */
export interface SourceChange<V> {
  readonly key: string;
  readonly version: Version;
  /** The new value, as read from the source. It replaces a cached one, so that no environment has to load it. */
  readonly value?: V;
  /** A time before the value was read, in ms since the epoch. Its TTL counts from then. */
  readonly readAtMs: number;
}

/** An entry that a consumer wrote was not loaded, so its next load is assumed to take this time. */
const ASSUMED_LOAD_MS = 20;

/**
 * Invalidates a key in the row and in the memory of all environments, or replaces its value. After this returns, no
 * environment serves an older value for longer than a second. The row is written first: an environment that learns of
 * the change reads the row next. Calling it again for the same version changes nothing.
 */
export async function publishChange<V>(
  ports: RowPorts,
  { name, groups, ttlMs }: CacheDefinition<V>,
  { key, version, value, readAtMs }: SourceChange<V>,
  deadlineMs: number,
): Promise<void> {
  const times = { loadedAtMs: readAtMs, untilMs: readAtMs + ttlMs, tookMs: ASSUMED_LOAD_MS };
  const entry = value === undefined ? {} : { entry: { value, version, ...times } };
  if (groups > 0) await applyToRow(ports, { name, groups }, { key, version, ...entry }, deadlineMs);
  await announce(ports, [{ cache: name, key, version }], deadlineMs);
}
