import * as z from 'zod/mini';
import type { Key, Row } from '../store/store.ts';
import { type Entry, MAX_CLOCK_SKEW_MS } from './entry.ts';

/** The right to load one key. Until it ends, no other caller loads the key. */
export interface Lease {
  readonly owner: string;
  readonly untilMs: number;
}

/** What a row holds: the entries and leases of all keys of one group. Values are JSON values, not yet parsed. */
export interface Group {
  /** The version of the row; undefined if there is none. */
  readonly version: number | undefined;
  readonly entries: ReadonlyMap<string, Entry<unknown>>;
  readonly leases: ReadonlyMap<string, Lease>;
}

/** Increment it if the format changes incompatibly. A row of another format is as good as absent. */
const FORMAT = 1;
/**
 * The limit of one row. A write is charged by the size of the whole row, one unit for each KB, so a row is kept far
 * below the 400 KB that DynamoDB allows.
 */
const MAX_ROW_CHARACTERS = 32 * 1024;
/** Unknown keys are not limited by the source, so a row holds only the newest of them. */
const MAX_ABSENT_KEYS = 8;
const MAX_LEASES = 64;

const Version = z.union([z.number(), z.string()]);
const Time = z.number();
const GroupData = z.object({
  format: z.literal(FORMAT),
  /** Key, times, and what the source has under the key: version and value. It is a tuple because rows must be small. */
  entries: z.array(
    z.union([z.tuple([z.string(), Time, Time, Time]), z.tuple([z.string(), Time, Time, Time, Version, z.unknown()])]),
  ),
  leases: z.array(z.tuple([z.string(), z.string(), Time])),
});
const GroupRow = z.object({ version: z.number(), data: z.string() });

/** Every row of a cache begins so. `ops cache clear` deletes them, and the cache fills itself again. */
const CACHE_PREFIX = 'CACHE#';
const LEASE_SORT_KEY = 'LEASE';
const STATE_SORT_KEY = 'STATE';

export const cacheRowKey = (name: string): Key => ({ pk: `${CACHE_PREFIX}${name}`, sk: STATE_SORT_KEY });
export const cacheLeaseKey = (name: string): Key => ({ pk: `${CACHE_PREFIX}${name}`, sk: LEASE_SORT_KEY });

/** Returns whether a row belongs to a cache. An outbox record can have the same partition key, and does not. */
export const isCacheRow = ({ pk, sk }: Key): boolean =>
  pk.startsWith(CACHE_PREFIX) && (sk === STATE_SORT_KEY || sk === LEASE_SORT_KEY);

const emptyGroup: Group = { version: undefined, entries: new Map(), leases: new Map() };

/**
 * Parses a row. Expired entries are left out, since DynamoDB deletes expired rows late, and so are entries from further
 * in the future than clocks may differ. A row that cannot be parsed has no entries: another release has written it.
 */
export function parseGroup(row: Row | undefined, nowMs: number): Group {
  if (!row) return emptyGroup;
  const { success, data: fields } = GroupRow.safeParse(row);
  if (!success) return { ...emptyGroup, version: Number(row['version'] ?? 0) };
  const { version, data: text } = fields;
  const data = parseData(text);
  if (!data) return { ...emptyGroup, version };
  const entries = new Map<string, Entry<unknown>>();
  for (const [key, loadedAtMs, untilMs, tookMs, entryVersion, value] of data.entries)
    if (untilMs > nowMs && loadedAtMs <= nowMs + MAX_CLOCK_SKEW_MS)
      entries.set(key, { value, version: entryVersion, loadedAtMs, untilMs, tookMs });
  const leases = new Map(data.leases.map(([key, owner, untilMs]) => [key, { owner, untilMs }]));
  return { version, entries, leases };
}

function parseData(text: string): z.infer<typeof GroupData> | undefined {
  try {
    return GroupData.safeParse(JSON.parse(text)).data;
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/**
 * Returns the row of a group under its next version. It leaves out what has expired, and the oldest of what does not
 * fit.
 */
export function toGroupRow(key: Key, { version, entries, leases }: Group, nowMs: number): Row {
  const kept = fitting([...entries].filter(([, { untilMs }]) => untilMs > nowMs));
  const activeLeases = [...leases].filter(([, { untilMs }]) => untilMs > nowMs).slice(-MAX_LEASES);
  const lastMs = Math.max(nowMs, ...kept.map(([, { untilMs }]) => untilMs), ...activeLeases.map(([, l]) => l.untilMs));
  const data = {
    format: FORMAT,
    entries: kept.map(toTuple),
    leases: activeLeases.map(([leasedKey, { owner, untilMs }]) => [leasedKey, owner, untilMs]),
  };
  return {
    ...key,
    // A new row never has a version that an earlier row of this key had, so a write that was decided on the earlier
    // row is refused.
    version: version === undefined ? nowMs : version + 1,
    data: JSON.stringify(data),
    expires_at: Math.ceil(lastMs / 1000),
  };
}

const toTuple = ([key, { loadedAtMs, untilMs, tookMs, version, value }]: [string, Entry<unknown>]) =>
  value === undefined ? [key, loadedAtMs, untilMs, tookMs] : [key, loadedAtMs, untilMs, tookMs, version, value];

/** Returns the newest entries within the limits of a row. */
function fitting(entries: readonly [string, Entry<unknown>][]): [string, Entry<unknown>][] {
  let characters = 0;
  let absentKeys = 0;
  return entries
    .toSorted(([, a], [, b]) => b.loadedAtMs - a.loadedAtMs)
    .filter((entry) => {
      absentKeys += entry[1].value === undefined ? 1 : 0;
      if (entry[1].value === undefined && absentKeys > MAX_ABSENT_KEYS) return false;
      const size = JSON.stringify(toTuple(entry)).length + 1;
      if (characters + size > MAX_ROW_CHARACTERS) return false;
      characters += size;
      return true;
    });
}

/** Returns the group of a key by its hash (FNV-1a), the same in each environment. */
export function groupOf(key: string, groups: number): number {
  let hash = 0x811c9dc5;
  for (let index = 0; index < key.length; index++) hash = Math.imul(hash ^ key.charCodeAt(index), 0x01000193);
  return (hash >>> 0) % groups;
}
