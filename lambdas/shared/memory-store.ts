import {
  type Condition,
  type Index,
  type Item,
  type Key,
  keyOf,
  type Reason,
  Refused,
  type Store,
  type Write,
} from './store.ts';

interface Options {
  readonly now: () => number;
  /** How far indexes trail behind the table. */
  readonly indexLagMs?: () => number;
  /** Told of each item that is new, as the table's stream would be. */
  readonly onInsert?: (item: Item) => void;
}

interface Row {
  item: Item;
  /** The item as indexes see it until `visibleAt`. */
  before: Item | undefined;
  visibleAt: number;
}

/**
 * A table in memory that keeps every promise of `Store`, its indexes' lag included. Items are copied when they are
 * written and frozen then, so that they can be handed out as they are, and nobody changes one by the way.
 */
export interface MemoryStore extends Store {
  /** Every item, in no order. For tests and audits. */
  all(): Item[];
}

export function memoryStore({ now, indexLagMs = () => 0, onInsert }: Options): MemoryStore {
  const partitions = new Map<string, Map<string, Row>>();
  const find = ({ pk, sk }: Key): Item | undefined => partitions.get(pk)?.get(sk)?.item;
  const rows = (): Row[] => [...partitions.values()].flatMap((partition) => [...partition.values()]);

  const keep = (item: Item): void => {
    const partition = partitions.get(item.pk) ?? new Map<string, Row>();
    partitions.set(item.pk, partition);
    const before = partition.get(item.sk)?.item;
    partition.set(item.sk, { item, before, visibleAt: now() + indexLagMs() });
    if (!before) onInsert?.(item);
  };

  const apply = (write: Write): void => {
    if (write.op === 'put') keep(stored(write.item) as Item);
    if (write.op === 'erase') partitions.get(write.key.pk)?.delete(write.key.sk);
    if (write.op === 'update') {
      const item: Record<string, unknown> = { ...find(write.key) };
      for (const [field, value] of Object.entries(write.set ?? {}))
        if (value !== undefined) item[field] = stored(value);
      for (const [field, value] of Object.entries(write.add ?? {})) item[field] = Number(item[field] ?? 0) + value;
      keep(Object.freeze({ ...item, pk: write.key.pk, sk: write.key.sk }));
    }
  };

  const indexed = ({ hash, sort }: Index): Item[] =>
    rows()
      .map(({ item, before, visibleAt }) => (now() >= visibleAt ? item : before))
      .filter((item) => item !== undefined)
      .filter((item) => item[hash] !== undefined && item[sort] !== undefined);

  return {
    get: async (key) => find(key),
    getMany: async (keys) => keys.map((key) => find(key)),
    query: async (query) => {
      const { hash, sort } = query.index ?? { hash: 'pk', sort: 'sk' };
      const source = query.index
        ? indexed(query.index)
        : [...(partitions.get(query.hash)?.values() ?? [])].map((row) => row.item);
      const found = source
        .filter(
          (item) =>
            item[hash] === query.hash &&
            (query.below === undefined || compare(item[sort], query.below) < 0) &&
            (query.above === undefined || compare(item[sort], query.above) > 0),
        )
        .sort((one, other) => compare(one[sort], other[sort]) * (query.newestFirst ? -1 : 1));
      return found.slice(0, query.limit);
    },
    write: async (writes) => {
      const reasons = writes.map((write): Reason => {
        const row = find(keyOf(write));
        const fine = !write.when || holds(write.when, row);
        return fine ? { why: 'none' } : { why: 'condition', row };
      });
      if (reasons.some(({ why }) => why !== 'none')) throw new Refused(reasons);
      for (const write of writes) apply(write);
    },
    all: () => rows().map((row) => row.item),
  };
}

/** A frozen copy without what is undefined, which is not said rather than said to be nothing. */
function stored(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value;
  if (Array.isArray(value)) return Object.freeze(value.filter((one) => one !== undefined).map(stored));
  const fields: [string, unknown][] = [];
  for (const [name, field] of Object.entries(value)) if (field !== undefined) fields.push([name, stored(field)]);
  // not by assignment: a field may be called `__proto__`
  return Object.freeze(Object.fromEntries(fields));
}

function holds(condition: Condition, row: Item | undefined): boolean {
  switch (condition.is) {
    case 'absent':
      return row === undefined;
    case 'version':
      return row?.['version'] === condition.version;
    case 'atLeast': {
      const held = row?.[condition.field];
      return typeof held === 'number' && held >= condition.value;
    }
  }
}

/** Numbers by value, strings by their UTF-8 bytes, as DynamoDB sorts them. */
function compare(one: unknown, other: unknown): number {
  if (typeof one === 'number' && typeof other === 'number') return one - other;
  return Buffer.compare(Buffer.from(String(one)), Buffer.from(String(other)));
}
