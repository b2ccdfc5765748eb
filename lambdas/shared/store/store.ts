/** One table as its context sees it. Two adapters keep this promise, and one contract suite holds both to it. */

export interface Key {
  readonly pk: string;
  readonly sk: string;
}

export type Row = Key & { readonly [attribute: string]: unknown };

/** Declared, not written as strings: each adapter says it in its own words. */
export type Condition =
  | { readonly type: 'absent' }
  | { readonly type: 'version'; readonly version: number }
  | { readonly type: 'atLeast'; readonly field: string; readonly value: number };

export const absent: Condition = { type: 'absent' };
export const versionIs = (version: number): Condition => ({ type: 'version', version });
export const atLeast = (field: string, value: number): Condition => ({ type: 'atLeast', field, value });

/**
 * A write of one item. `decides` marks a decision row or receipt: where that is present already, the step has been
 * taken before, which is no conflict but an answer (`AlreadyDone`).
 */
export type Write =
  | { readonly op: 'put'; readonly item: Row; readonly when?: Condition; readonly decides?: true }
  | {
      readonly op: 'update';
      readonly key: Key;
      readonly set?: Readonly<Record<string, unknown>>;
      readonly add?: Readonly<Record<string, number>>;
      readonly when: Condition;
    }
  | { readonly op: 'check'; readonly key: Key; readonly when: Condition }
  | { readonly op: 'erase'; readonly key: Key; readonly when: Condition };

export const keyOf = (write: Write): Key => (write.op === 'put' ? write.item : write.key);

/** An index by attribute names; `sort` values are unique within one `hash`, so a page starts below the last one seen. */
export interface Index {
  readonly name: string;
  readonly partitionKey: string;
  readonly sortKey: string;
}

export interface Query {
  readonly partition: string;
  readonly index?: Index;
  /** Only sort values below this one: the next page of a list that is read newest first. */
  readonly below?: string | number;
  /** Only sort values above this one, and not beside `below`: the next page of a list that is read in its order. */
  readonly above?: string | number;
  readonly newestFirst?: boolean;
  readonly limit?: number;
}

export interface Reader {
  /** Strongly consistent. */
  get(key: Key): Promise<Row | undefined>;
  /** Strongly consistent, in the order asked for; at most 100 keys. */
  getMany(keys: readonly Key[]): Promise<(Row | undefined)[]>;
  /** Consistent on the table; an index may lag by a moment. */
  query(query: Query): Promise<Row[]>;
}

export interface Store extends Reader {
  /** All of the writes or none. Throws `Refused` with a reason for each write. */
  write(writes: readonly Write[], token: string): Promise<void>;
}

export type Reason =
  | { readonly kind: 'none' }
  | { readonly kind: 'condition'; readonly row?: Row | undefined }
  | { readonly kind: 'conflict' }
  | { readonly kind: 'throttled' }
  /** The store did not answer, so that nobody knows whether it wrote. */
  | { readonly kind: 'no_response' };

/** The store wrote nothing, or did not say so (`away`); `reasons` stand in the order of the writes. */
export class WriteRefused extends Error {
  override readonly name = 'Refused';
  readonly reasons: readonly Reason[];

  constructor(reasons: readonly Reason[]) {
    super(`refused: ${reasons.map((reason) => reason.kind).join(', ')}`);
    this.reasons = reasons;
  }
}

/** The same store, losing a share of its writes to conflicts that nobody made. */
export function withConflicts(store: Store, rate: () => number, random: () => number = Math.random): Store {
  return {
    get: (key) => store.get(key),
    getMany: (keys) => store.getMany(keys),
    query: (query) => store.query(query),
    write: async (writes, token) => {
      if (random() < rate()) throw new WriteRefused(writes.map(() => ({ kind: 'conflict' })));
      await store.write(writes, token);
    },
  };
}
