import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import {
  type Condition,
  type Index,
  type Key,
  keyOfWrite,
  type Reason,
  type Row,
  type Store,
  type Write,
  WriteRefused,
} from '../../lambdas/shared/store/store.ts';

/** A change of one row, with the row as it is afterwards. A deleted row is absent. */
export interface RowChange {
  readonly eventName: 'INSERT' | 'MODIFY' | 'REMOVE';
  readonly key: Key;
  readonly row?: Row;
}

interface Options {
  readonly now: () => number;
  /** The delay after which an index shows a write. */
  readonly indexLagMs?: () => number;
  /** Called with each change of a row, like the stream of the table. */
  readonly onChange?: (change: RowChange) => void;
}

interface StoredRow {
  row: Row;
  /** The row as indexes show it until `visibleAt`. */
  before: Row | undefined;
  visibleAt: number;
}

/**
 * A table in memory with the semantics of `Store`, including the lag of indexes. Rows are copied and frozen when they
 * are written, so that they can be returned without another copy.
 */
export interface MemoryStore extends Store {
  /** Returns all rows in no particular order. */
  all(): Row[];
}

export function createMemoryStore({ now, indexLagMs = () => 0, onChange }: Options): MemoryStore {
  const partitions = new Map<string, Map<string, StoredRow>>();
  const find = ({ pk, sk }: Key): StoredRow | undefined => partitions.get(pk)?.get(sk);
  const allStored = (): StoredRow[] => [...partitions.values()].flatMap((partition) => [...partition.values()]);

  const save = (row: Row, stored: StoredRow | undefined): void => {
    const visibleAt = now() + indexLagMs();
    if (stored) {
      Object.assign(stored, { row, before: stored.row, visibleAt });
      onChange?.({ eventName: 'MODIFY', key: row, row });
      return;
    }
    const partition = partitions.get(row.pk) ?? new Map<string, StoredRow>();
    partitions.set(row.pk, partition);
    partition.set(row.sk, { row, before: undefined, visibleAt });
    onChange?.({ eventName: 'INSERT', key: row, row });
  };

  const remove = (key: Key, stored: StoredRow | undefined): void => {
    if (!stored) return;
    partitions.get(key.pk)?.delete(key.sk);
    onChange?.({ eventName: 'REMOVE', key });
  };

  const apply = (write: Write, stored: StoredRow | undefined): void => {
    if (write.op === 'put') save(frozenCopy(write.row) as Row, stored);
    if (write.op === 'delete') remove(write.key, stored);
    if (write.op === 'update') {
      const row: Record<string, unknown> = { ...stored?.row };
      for (const [field, value] of Object.entries(write.set)) if (value !== undefined) row[field] = frozenCopy(value);
      save(Object.freeze({ ...row, pk: write.key.pk, sk: write.key.sk }), stored);
    }
  };

  const indexed = ({ partitionKey, sortKey }: Index): Row[] =>
    allStored()
      .map(({ row, before, visibleAt }) => (now() >= visibleAt ? row : before))
      .filter((row) => row !== undefined)
      .filter((row) => row[partitionKey] !== undefined && row[sortKey] !== undefined);

  const memoryStore: MemoryStore = {
    withDeadline: (deadlineMs) => limitToDeadline(memoryStore, now, deadlineMs),
    get: async (key) => find(key)?.row,
    getMany: async (keys) => keys.map((key) => find(key)?.row),
    query: async (query) => {
      const { partitionKey, sortKey } = query.index ?? { partitionKey: 'pk', sortKey: 'sk' };
      const source = query.index
        ? indexed(query.index)
        : [...(partitions.get(query.partition)?.values() ?? [])].map(({ row }) => row);
      const found = source
        .filter(
          (row) =>
            row[partitionKey] === query.partition &&
            (query.below === undefined || compare(row[sortKey], query.below) < 0) &&
            (query.above === undefined || compare(row[sortKey], query.above) > 0),
        )
        .sort((a, b) => compare(a[sortKey], b[sortKey]) * (query.newestFirst ? -1 : 1));
      return found.slice(0, query.limit);
    },
    write: async (writes) => {
      const targets = writes.map((write) => find(keyOfWrite(write)));
      const reasons = writes.map(({ when }, index): Reason => {
        const row = targets[index]?.row;
        return !when || holds(when, row) ? { kind: 'none' } : { kind: 'condition', row };
      });
      if (reasons.some(({ kind }) => kind !== 'none')) throw new WriteRefused(reasons);
      for (const [index, write] of writes.entries()) apply(write, targets[index]);
    },
    all: () => allStored().map(({ row }) => row),
  };
  return memoryStore;
}

/** Returns a store with some functions replaced, which stay replaced under a deadline. */
export function overrideStore(store: Store, replacements: Partial<Store>): Store {
  return {
    ...store,
    ...replacements,
    withDeadline: (deadlineMs) => overrideStore(store.withDeadline(deadlineMs), replacements),
  };
}

/** Returns a store whose calls throw `Busy` from the deadline on. */
function limitToDeadline(store: Store, now: () => number, deadlineMs: number): Store {
  const inTime = <T>(call: () => Promise<T>): Promise<T> =>
    now() < deadlineMs ? call() : Promise.reject(new Busy('no time is left'));
  return {
    get: (key) => inTime(() => store.get(key)),
    getMany: (keys) => inTime(() => store.getMany(keys)),
    query: (query) => inTime(() => store.query(query)),
    write: (writes, token) => inTime(() => store.write(writes, token)),
    withDeadline: store.withDeadline,
  };
}

/** Returns a frozen copy without undefined values, like the DynamoDB client. */
function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.filter((element) => element !== undefined).map(frozenCopy));
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    // An assignment to __proto__ would not create a field.
    if (name === '__proto__') Object.defineProperty(copy, name, { value: frozenCopy(field), enumerable: true });
    else copy[name] = typeof field === 'object' ? frozenCopy(field) : field;
  }
  return Object.freeze(copy);
}

function holds(condition: Condition, row: Row | undefined): boolean {
  switch (condition.type) {
    case 'absent':
      return row === undefined;
    case 'version':
      return row?.['version'] === condition.version;
  }
}

/** Compares numbers by value and strings by their UTF-8 bytes, like DynamoDB. */
function compare(a: unknown, b: unknown): number {
  if (typeof a === 'number' && typeof b === 'number') return a - b;
  return Buffer.compare(Buffer.from(String(a)), Buffer.from(String(b)));
}
