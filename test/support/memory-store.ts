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

interface Options {
  readonly now: () => number;
  /** How far indexes trail behind the table. */
  readonly indexLagMs?: () => number;
  /** Told of each item that is new, as the table's stream would be. */
  readonly onInsert?: (item: Row) => void;
}

interface StoredRow {
  item: Row;
  /** The item as indexes see it until `visibleAt`. */
  before: Row | undefined;
  visibleAt: number;
}

/**
 * A table in memory that keeps every promise of `Store`, its indexes' lag included. Items are copied when they are
 * written and frozen then, so that they can be handed out as they are, and nobody changes one by the way.
 */
export interface MemoryStore extends Store {
  /** Every item, in no order. For tests and audits. */
  all(): Row[];
}

export function createMemoryStore({ now, indexLagMs = () => 0, onInsert }: Options): MemoryStore {
  const partitions = new Map<string, Map<string, StoredRow>>();
  const rowOf = ({ pk, sk }: Key): StoredRow | undefined => partitions.get(pk)?.get(sk);
  const rows = (): StoredRow[] => [...partitions.values()].flatMap((partition) => [...partition.values()]);

  const keep = (item: Row, row: StoredRow | undefined): void => {
    const visibleAt = now() + indexLagMs();
    if (row) {
      Object.assign(row, { item, before: row.item, visibleAt });
      return;
    }
    const partition = partitions.get(item.pk) ?? new Map<string, StoredRow>();
    partitions.set(item.pk, partition);
    partition.set(item.sk, { item, before: undefined, visibleAt });
    onInsert?.(item);
  };

  const apply = (write: Write, row: StoredRow | undefined): void => {
    if (write.op === 'put') keep(frozenCopy(write.row) as Row, row);
    if (write.op === 'delete') partitions.get(write.key.pk)?.delete(write.key.sk);
    if (write.op === 'update') {
      const item: Record<string, unknown> = { ...row?.item };
      for (const [field, value] of Object.entries(write.set)) if (value !== undefined) item[field] = frozenCopy(value);
      keep(Object.freeze({ ...item, pk: write.key.pk, sk: write.key.sk }), row);
    }
  };

  const indexed = ({ partitionKey, sortKey }: Index): Row[] =>
    rows()
      .map(({ item, before, visibleAt }) => (now() >= visibleAt ? item : before))
      .filter((item) => item !== undefined)
      .filter((item) => item[partitionKey] !== undefined && item[sortKey] !== undefined);

  return {
    get: async (key) => rowOf(key)?.item,
    getMany: async (keys) => keys.map((key) => rowOf(key)?.item),
    query: async (query) => {
      const { partitionKey, sortKey } = query.index ?? { partitionKey: 'pk', sortKey: 'sk' };
      const source = query.index
        ? indexed(query.index)
        : [...(partitions.get(query.partition)?.values() ?? [])].map((row) => row.item);
      const found = source
        .filter(
          (item) =>
            item[partitionKey] === query.partition &&
            (query.below === undefined || compare(item[sortKey], query.below) < 0) &&
            (query.above === undefined || compare(item[sortKey], query.above) > 0),
        )
        .sort((one, other) => compare(one[sortKey], other[sortKey]) * (query.newestFirst ? -1 : 1));
      return found.slice(0, query.limit);
    },
    write: async (writes) => {
      const found = writes.map((write) => rowOf(keyOfWrite(write)));
      const reasons = writes.map(({ when }, at): Reason => {
        const row = found[at]?.item;
        return !when || holds(when, row) ? { kind: 'none' } : { kind: 'condition', row };
      });
      if (reasons.some(({ kind }) => kind !== 'none')) throw new WriteRefused(reasons);
      for (const [at, write] of writes.entries()) apply(write, found[at]);
    },
    all: () => rows().map((row) => row.item),
  };
}

/** A frozen copy without what is undefined, which is not said rather than said to be nothing. */
function frozenCopy(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.filter((one) => one !== undefined).map(frozenCopy));
  const copy: Record<string, unknown> = {};
  for (const [name, field] of Object.entries(value)) {
    if (field === undefined) continue;
    // not by assignment where that would be no field of its own
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

/** Numbers by value, strings by their UTF-8 bytes, as DynamoDB sorts them. */
function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}
