/**
 * What orders two values of one key: a number or a text that never decreases at the source. All versions of one key
 * have the same type.
 */
export type Version = number | string;

/** What a source returns for one key. */
export interface Loaded<V> {
  readonly value: V;
  readonly version: Version;
  /** The value may be served until this time at most, in ms since the epoch. `UNCACHED` if it must not be kept. */
  readonly untilMs?: number;
  /** The source has a cache of its own, and this value comes from it. It counts as a hit in a row. */
  readonly isHit?: true;
}

/**
 * The expiry of a value that is returned to those who wait for it, and to nobody else. It is no version of the key's
 * value, for example the information that the value will be there later.
 */
export const UNCACHED = 0;

/** A cached value of one key, or that the source has nothing under this key. */
export interface Entry<V> {
  /** Undefined if the source has nothing under this key. */
  readonly value: V | undefined;
  /** Undefined if there is no value: that is older than any version. */
  readonly version: Version | undefined;
  /** The time at which the load started. The value was current at some time after it. */
  readonly loadedAtMs: number;
  /** The entry is served before this time only. */
  readonly untilMs: number;
  /** How long the load took. It decides how early the entry is refreshed. */
  readonly tookMs: number;
}

/**
 * The accepted difference of the clocks of two execution environments. An entry from further in the future is not
 * served, so a value is at most this much older than its TTL, whatever clock its environment had.
 */
export const MAX_CLOCK_SKEW_MS = 2000;

export function isOlder(version: Version | undefined, than: Version | undefined): boolean {
  if (than === undefined) return false;
  if (version === undefined) return true;
  if (typeof version === 'number' && typeof than === 'number') return version < than;
  return typeof version === 'string' && typeof than === 'string' && version < than;
}

/** How eagerly entries are refreshed before they expire. 1 is the optimum of the algorithm XFetch. */
const EAGERNESS = 1;

/**
 * Returns whether this reader refreshes an entry before it expires (XFetch). The probability grows towards the expiry,
 * and with the time that a load takes. With many readers, one of them refreshes the entry in time, and the others are
 * still served from the cache.
 */
export const isDueEarly = ({ untilMs, tookMs }: Entry<unknown>, nowMs: number, random: number): boolean =>
  // `random` may be 0, whose logarithm is infinite.
  nowMs - tookMs * EAGERNESS * Math.log(1 - random) >= untilMs;
