import type { Clock } from '../runtime/clock.ts';
import { commit } from '../store/commit.ts';
import { absent, type Key, type Store, versionIs } from '../store/store.ts';
import { type Entry, isOlder, type Version } from './entry.ts';
import { cacheRowKey, type Group, groupOf, parseGroup, toGroupRow } from './group-row.ts';

/** How long a lease lasts at most. If its owner has crashed, another caller loads the key after this time. */
export const LEASE_MS = 2000;

/** Where the rows of a cache are. */
export interface RowLocation {
  /** The name of the cache. It is part of the keys, so that several caches can share a table. */
  readonly name: string;
  /** The number of rows. Each holds the keys of one group, by their hash. */
  readonly groups: number;
}

export interface RowPorts {
  readonly store: Store;
  readonly clock: Clock;
}

/** What a change of a group returns: the group to write, or nothing, and the result for the caller. */
interface Decision<T> {
  readonly next?: Pick<Group, 'entries' | 'leases'>;
  readonly result: T;
}

interface GroupChange<T> {
  readonly key: Key;
  readonly deadlineMs: number;
  /** The group as it was read or written last. The first attempt is decided on it without another read. */
  readonly known?: Group | undefined;
  readonly decide: (group: Group) => Decision<T>;
}

export const groupKey = ({ name, groups }: RowLocation, key: string): Key =>
  cacheRowKey(`${name}.${groups}#${groupOf(key, groups)}`);

/** Changes one row under its version, and decides again on a fresh read if the row has changed. */
async function changeGroup<T>(
  { store, clock }: RowPorts,
  { key, deadlineMs, known, decide }: GroupChange<T>,
): Promise<{ result: T; group: Group }> {
  let attempts = 0;
  // The unit of work has no listener for writes: a row of a cache is no effect that a caller must know of.
  return commit({ store: store.withDeadline(deadlineMs), clock, deadlineMs }, async (read) => {
    const isFirst = attempts++ === 0;
    const before = isFirst && known ? known : parseGroup(await read.get(key), clock.now());
    const { next, result } = decide(before);
    if (!next) return { writes: [], result: { result, group: before } };
    const row = toGroupRow(key, { ...next, version: before.version }, clock.now());
    const when = before.version === undefined ? absent : versionIs(before.version);
    return {
      writes: [{ op: 'put', row, when }],
      result: { result, group: { ...next, version: Number(row['version']) } },
    };
  });
}

export interface LeaseRequest {
  readonly key: string;
  /** Further keys of the same group, which are loaded with the key if nobody else loads them. */
  readonly companions: readonly string[];
  readonly owner: string;
  readonly group: Group;
  readonly deadlineMs: number;
  /** Returns whether an entry makes the load unnecessary. */
  readonly isEnough: (key: string, entry: Entry<unknown>) => boolean;
  /** Returns whether a lease is over by the caller's own clock. */
  readonly isOver: (owner: string) => boolean;
}

/**
 * Takes the leases of a key and of its companions. Returns the keys whose leases were taken, none if the key itself has
 * an entry by now or is being loaded by another caller, and the group as it is after that.
 */
export async function takeLeases(ports: RowPorts, location: RowLocation, request: LeaseRequest) {
  const { key, companions, owner, group: known, deadlineMs, isEnough, isOver } = request;
  const { result, group } = await changeGroup(ports, {
    key: groupKey(location, key),
    deadlineMs,
    known,
    decide: ({ entries, leases }): Decision<readonly string[]> => {
      const nowMs = ports.clock.now();
      const isFree = (wanted: string): boolean => {
        const [entry, lease] = [entries.get(wanted), leases.get(wanted)];
        const isLeased = lease && lease.owner !== owner && lease.untilMs > nowMs && !isOver(lease.owner);
        return !isLeased && !(entry && isEnough(wanted, entry));
      };
      if (!isFree(key)) return { result: [] };
      const granted = [key, ...companions.filter(isFree)];
      // After a write without a response, the fresh read shows whether it was applied.
      if (granted.every((wanted) => leases.get(wanted)?.owner === owner)) return { result: granted };
      const lease = { owner, untilMs: nowMs + LEASE_MS };
      return {
        next: { entries, leases: new Map([...leases, ...granted.map((wanted) => [wanted, lease] as const)]) },
        result: granted,
      };
    },
  });
  return { granted: result, group };
}

/**
 * Ends the leases of an owner and stores what it has loaded. An entry whose lease is gone is not stored: the key was
 * invalidated after the load began, or another caller loads it by now. Without entries, it only ends the leases.
 */
export async function storeLoaded(
  ports: RowPorts,
  location: RowLocation,
  stored: {
    readonly key: string;
    readonly entries: ReadonlyMap<string, Entry<unknown>>;
    readonly owner: string;
    readonly group: Group;
    readonly deadlineMs: number;
  },
): Promise<void> {
  const { key, owner, group: known, deadlineMs } = stored;
  await changeGroup(ports, {
    key: groupKey(location, key),
    deadlineMs,
    known,
    decide: ({ entries, leases }): Decision<undefined> => {
      const owned = [...leases].filter(([, lease]) => lease.owner === owner).map(([leasedKey]) => leasedKey);
      if (owned.length === 0) return { result: undefined };
      const nextEntries = new Map(entries);
      for (const ownedKey of owned) {
        const loaded = stored.entries.get(ownedKey);
        const current = entries.get(ownedKey);
        if (loaded && !(current && isOlder(loaded.version, current.version))) nextEntries.set(ownedKey, loaded);
      }
      const others = [...leases].filter(([, lease]) => lease.owner !== owner);
      return { next: { entries: nextEntries, leases: new Map(others) }, result: undefined };
    },
  });
}

/** A newer version of one key. Without an entry, the key is only invalidated. */
export interface KeyChange {
  readonly key: string;
  readonly version: Version;
  readonly entry?: Entry<unknown>;
}

/**
 * Replaces the entry of a key by a newer one, or removes it. The lease of a load in progress ends with it, so that the
 * load cannot store an older value. Nothing is written if nobody has asked for the key.
 */
export async function applyToRow(
  ports: RowPorts,
  location: RowLocation,
  { key, version, entry }: KeyChange,
  deadlineMs: number,
): Promise<void> {
  await changeGroup(ports, {
    key: groupKey(location, key),
    deadlineMs,
    decide: ({ entries, leases }): Decision<undefined> => {
      const current = entries.get(key);
      const isNeeded = current ? isOlder(current.version, version) : leases.has(key);
      if (!isNeeded) return { result: undefined };
      const nextEntries = new Map(entries);
      if (entry) nextEntries.set(key, entry);
      else nextEntries.delete(key);
      return {
        next: { entries: nextEntries, leases: new Map([...leases].filter(([leasedKey]) => leasedKey !== key)) },
        result: undefined,
      };
    },
  });
}
