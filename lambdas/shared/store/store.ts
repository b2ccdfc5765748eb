import { batchesOf } from '../runtime/batches.ts';

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

/** An item of a table. It is called a row here, since an item is also a line of an order. */
export type Row = Key & { readonly [attribute: string]: unknown };

/** A condition is declared, not written as an expression, so that each adapter can evaluate it in its own way. */
export type Condition = { readonly type: 'absent' } | { readonly type: 'version'; readonly version: number };

export const absent: Condition = { type: 'absent' };
export const versionIs = (version: number): Condition => ({ type: 'version', version });

/**
 * A write of one row. `decides` marks a decision row or a receipt: if that row exists already, the step was taken
 * before, so the refusal is final and not contention.
 */
export type Write =
  | { readonly op: 'put'; readonly row: Row; readonly when?: Condition; readonly decides?: true }
  | {
      readonly op: 'update';
      readonly key: Key;
      readonly set: Readonly<Record<string, unknown>>;
      readonly when: Condition;
    }
  | { readonly op: 'delete'; readonly key: Key; readonly when: Condition };

export const keyOfWrite = (write: Write): Key => (write.op === 'put' ? write.row : write.key);

/** A secondary index. Sort values are unique within one partition, so a page can start after the last value seen. */
export type Index = Readonly<Record<'name' | 'partitionKey' | 'sortKey', string>>;

export interface Query {
  readonly partition: string;
  readonly index?: Index;
  /** Selects sort values below this one: the next page of a list that is read newest first. */
  readonly below?: string | number | undefined;
  /** Selects sort values above this one: the next page of a list in ascending order. Ignored beside `below`. */
  readonly above?: string | number | undefined;
  readonly newestFirst?: boolean;
  readonly limit?: number;
}

export interface Reader {
  /** Reads one row, strongly consistent. */
  get(key: Key): Promise<Row | undefined>;
  /**
   * Reads at most 100 rows and returns them in the order of the keys. Each is strongly consistent, but they are not
   * read at the same moment: a transaction may be visible in one row and not yet in another.
   */
  getMany(keys: readonly Key[]): Promise<(Row | undefined)[]>;
  /** Reads a partition. The table is strongly consistent, row by row as in `getMany`; an index may lag. */
  query(query: Query): Promise<Row[]>;
}

/** A table of another context. Its owner exports ports that only read. */
export interface ReadableTable extends Reader {
  /** Returns the same table with calls that end by the deadline, in ms since the epoch: they then throw `Busy`. */
  withDeadline(deadlineMs: number): Reader;
}

/** The maximum of `getMany` and of BatchGetItem. */
const MAX_KEYS_PER_READ = 100;

/**
 * Reads any number of rows and returns those that exist, in the order of the keys. Use it for lists, whose rows do not
 * depend on each other.
 */
export async function readRows(reader: Reader, keys: readonly Key[]): Promise<Row[]> {
  const rows: (Row | undefined)[] = [];
  for (const batch of batchesOf(keys, MAX_KEYS_PER_READ)) rows.push(...(await reader.getMany(batch)));
  return rows.filter((row) => row !== undefined);
}

/** One table as its context sees it. Two adapters implement it, and one contract suite tests both. */
export interface Store extends Reader {
  /** Applies all writes or none. Throws `WriteRefused` with a reason for each write. */
  write(writes: readonly Write[], token: string): Promise<void>;
  /**
   * Returns the same table with calls that end by the deadline, in ms since the epoch. A read then throws `Busy`, and a
   * write is refused with `no_response`, because a table that hangs must not use up the time of its function.
   */
  withDeadline(deadlineMs: number): Store;
}

export type Reason =
  | { readonly kind: 'none' }
  | { readonly kind: 'condition'; readonly row?: Row | undefined }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'throttled' }
  /** The store did not respond, so it is unknown whether it wrote. */
  | { readonly kind: 'no_response' };

/** The store refused a write, or did not respond (`no_response`). `reasons` are in the order of the writes. */
export class WriteRefused extends Error {
  override readonly name = 'WriteRefused';
  readonly reasons: readonly Reason[];
  /** Whether the write may have been applied all the same: it was sent, and one of its attempts got no response. */
  readonly mayBeWritten: boolean;

  constructor(reasons: readonly Reason[], mayBeWritten = reasons.some(({ kind }) => kind === 'no_response')) {
    super(`refused: ${reasons.map((reason) => reason.kind).join(', ')}`);
    this.reasons = reasons;
    this.mayBeWritten = mayBeWritten;
  }
}

/** Wraps a store so that a share of its writes fails with a simulated transaction conflict. */
export function withConflicts(store: Store, rate: () => number, random: () => number = Math.random): Store {
  return {
    withDeadline: (deadlineMs) => withConflicts(store.withDeadline(deadlineMs), rate, random),
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    query: (query) => store.query(query),
    write: async (writes, token) => {
      if (random() < rate()) throw new WriteRefused(writes.map(() => ({ kind: 'conflict' })));
      await store.write(writes, token);
    },
  };
}
