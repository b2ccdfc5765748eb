import { batchesOf } from '../runtime/batches.ts';
import { Busy } from '../runtime/errors.ts';
import { createRandomId } from '../runtime/ids.ts';
import { count, logger } from '../runtime/observability.ts';
import { createBatcher } from './batcher.ts';
import type { Entry } from './entry.ts';
import { type Group, groupOf, parseGroup } from './group-row.ts';
import { groupKey, LEASE_MS, type RowLocation, type RowPorts, storeLoaded, takeLeases } from './group-rows.ts';

/** A call for a row takes a few milliseconds. After this time, the value is loaded from the source instead. */
const ROW_TIMEOUT_MS = 300;
/** After a row could not be read or written, the environment uses no rows for this time. */
const PAUSE_AFTER_FAILURE_MS = 1000;
/** A load takes some milliseconds. With this growth, a waiting caller reads the row about fifteen times at most. */
const FIRST_WAIT_MS = 15;
const WAIT_GROWTH = 1.5;
const MAX_WAIT_MS = 200;
/** With its companions, a key is loaded by one BatchGetItem of at most this many rows. */
const MAX_COMPANIONS = 49;
/** BatchGetItem reads 100 rows at most. */
const MAX_ROWS_PER_READ = 100;

/** What a fetch through the rows needs of its caller. */
export interface RowFetch<V> {
  readonly key: string;
  readonly deadlineMs: number;
  /** A refresh does not wait for the load of another caller, because there is a value that may be served. */
  readonly isRefresh: boolean;
  /** Returns further keys that are worth loading with the key. Those of other groups are ignored. */
  readonly companions: () => Promise<readonly string[]>;
  /** Returns whether the source is asked without a lease, so that nothing is written to the row. */
  readonly isLoadedAlone: (entry: Entry<unknown> | undefined) => Promise<boolean>;
  /** Returns whether an entry of the row makes the load unnecessary. */
  readonly isEnough: (key: string, entry: Entry<unknown>) => boolean;
  /** Passes on the entries of a row that was read, and returns the one of the key, if it can be served. */
  readonly take: (group: Group) => Entry<V> | undefined;
  readonly load: (keys: readonly string[]) => Promise<ReadonlyMap<string, Entry<V>>>;
}

/** Where a value came from: the row, the source, or the row after waiting for the load of another caller. */
export interface Fetched<V> {
  readonly entry: Entry<V>;
  readonly from: 'row' | 'source' | 'wait';
}

/** The rows of one cache, as one execution environment uses them. */
export class SharedRows {
  readonly #ports: RowPorts;
  readonly #location: RowLocation;
  readonly #read: (pk: string, deadlineMs: number) => Promise<Group | undefined>;
  #pausedUntilMs = Number.NEGATIVE_INFINITY;

  constructor(ports: RowPorts, location: RowLocation) {
    this.#ports = ports;
    this.#location = location;
    this.#read = createBatcher((pks, deadlineMs) => this.#readGroups(pks, deadlineMs));
  }

  get isPaused(): boolean {
    return this.#ports.clock.now() < this.#pausedUntilMs;
  }

  /**
   * Returns the entry of the row, or loads it under a lease. If another caller has the lease, it waits for the entry,
   * until half of the time is used. Returns nothing if the source must be asked without a lease, or if a refresh is
   * not needed any more.
   */
  async fetch<V>(fetch: RowFetch<V>): Promise<Fetched<V> | undefined> {
    const { clock } = this.#ports;
    const waitUntilMs = clock.now() + Math.min(LEASE_MS * 2, (fetch.deadlineMs - clock.now()) / 2);
    const seenSince = new Map<string, number>();
    const owner = createRandomId();
    let hasWaited = false;
    for (let waitMs = FIRST_WAIT_MS; ; waitMs = Math.min(MAX_WAIT_MS, waitMs * WAIT_GROWTH)) {
      const group = await this.#orPause(fetch.deadlineMs, (deadlineMs) => this.#readGroup(fetch.key, deadlineMs));
      if (!group) return undefined;
      const entry = fetch.take(group);
      if (entry) return { entry, from: hasWaited ? 'wait' : 'row' };
      if (await fetch.isLoadedAlone(group.entries.get(fetch.key))) return undefined;
      const lease = group.leases.get(fetch.key);
      const firstSeenMs = lease && (seenSince.get(lease.owner) ?? clock.now());
      if (lease && firstSeenMs !== undefined) seenSince.set(lease.owner, firstSeenMs);
      // The lease ends by its owner's clock, or by the caller's own clock if the owner's is ahead.
      const isOver = (other: string): boolean => clock.now() - (seenSince.get(other) ?? clock.now()) >= LEASE_MS;
      if (!lease || lease.untilMs <= clock.now() || isOver(lease.owner)) {
        const loaded = await this.#loadUnderLease(fetch, { owner, group, isOver });
        if (loaded !== 'taken') return loaded;
      }
      if (fetch.isRefresh || clock.now() + waitMs > waitUntilMs) return undefined;
      if (!hasWaited) count('CacheWait');
      hasWaited = true;
      await clock.sleep(waitMs);
    }
  }

  async #loadUnderLease<V>(
    fetch: RowFetch<V>,
    { owner, group, isOver }: { owner: string; group: Group; isOver: (owner: string) => boolean },
  ): Promise<Fetched<V> | 'taken' | undefined> {
    const { key, isEnough } = fetch;
    const companions = await this.#companionsOf(fetch, group);
    const leased = await this.#orPause(fetch.deadlineMs, (deadlineMs) =>
      takeLeases(this.#ports, this.#location, { key, companions, owner, group, deadlineMs, isEnough, isOver }),
    );
    if (!leased) return undefined;
    if (leased.granted.length === 0) {
      const entry = fetch.take(leased.group);
      return entry ? { entry, from: 'row' } : 'taken';
    }
    let entries: ReadonlyMap<string, Entry<V>> = new Map();
    try {
      entries = await fetch.load(leased.granted);
    } finally {
      // Also after an error, so that waiting callers need not wait until the lease ends.
      await this.#orPause(fetch.deadlineMs, (deadlineMs) =>
        storeLoaded(this.#ports, this.#location, { key, entries, owner, group: leased.group, deadlineMs }),
      );
    }
    const entry = entries.get(key);
    return entry && { entry, from: 'source' };
  }

  async #companionsOf<V>({ key, companions, isEnough }: RowFetch<V>, group: Group): Promise<string[]> {
    const { groups } = this.#location;
    const own = groupOf(key, groups);
    const wanted = (await companions()).filter((companion) => {
      if (companion === key || groupOf(companion, groups) !== own) return false;
      const entry = group.entries.get(companion);
      return !(entry && isEnough(companion, entry));
    });
    return wanted.slice(0, MAX_COMPANIONS);
  }

  async #readGroup(key: string, deadlineMs: number): Promise<Group> {
    const { pk } = groupKey(this.#location, key);
    return (await this.#read(pk, deadlineMs)) ?? parseGroup(undefined, this.#ports.clock.now());
  }

  async #readGroups(pks: readonly string[], deadlineMs: number): Promise<ReadonlyMap<string, Group>> {
    const { store, clock } = this.#ports;
    const reader = store.withDeadline(deadlineMs);
    const groups = new Map<string, Group>();
    for (const batch of batchesOf(pks, MAX_ROWS_PER_READ)) {
      const keys = batch.map((pk) => ({ pk, sk: 'STATE' }));
      const [first] = keys;
      const rows = first && keys.length === 1 ? [await reader.get(first)] : await reader.getMany(keys);
      for (const [index, pk] of batch.entries()) groups.set(pk, parseGroup(rows[index], clock.now()));
    }
    return groups;
  }

  /** Calls a row within its time. If the row does not respond, rows are not used for a while. */
  async #orPause<T>(deadlineMs: number, call: (deadlineMs: number) => Promise<T>): Promise<T | undefined> {
    const { clock } = this.#ports;
    if (this.isPaused) return undefined;
    try {
      return await call(Math.min(deadlineMs, clock.now() + ROW_TIMEOUT_MS));
    } catch (error) {
      if (!(error instanceof Busy)) throw error;
      this.#pausedUntilMs = clock.now() + PAUSE_AFTER_FAILURE_MS;
      logger.warn('rows of the cache not used', { cache: this.#location.name, error });
      return undefined;
    }
  }
}
