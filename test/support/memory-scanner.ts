import { fnv1a } from '../../events/hash.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import type { Scanner, ScanRequest } from '../../lambdas/shared/store/scanner.ts';
import type { Key, Row } from '../../lambdas/shared/store/store.ts';
import type { MemoryStore } from './memory-store.ts';

interface Options {
  readonly now?: () => number;
  /** The rows that are read for one page, before the range selects some of them. */
  readonly pageSize?: number;
  readonly deadlineMs?: number;
}

/** DynamoDB returns the partitions in the order of a hash, and the rows of each by their sort key. */
const orderOf = ({ pk, sk }: Key): string => `${String(fnv1a(pk)).padStart(10, '0')} ${pk} ${sk}`;

const isSelected = ({ attribute, from, below }: ScanRequest['range'], row: Row): boolean => {
  const value = row[attribute];
  return typeof value === 'string' && value >= from && value < below;
};

interface OrderedKey {
  readonly key: Key;
  readonly order: string;
}

/**
 * Creates a scanner of a table in memory. It lists the keys of a segment when its first page is read, and the rows of
 * each page when that is read. Rows that are inserted in between may be missing, as in DynamoDB.
 */
export function createMemoryScanner(table: Pick<MemoryStore, 'all' | 'getMany'>, options: Options = {}): Scanner {
  const { now = Date.now, pageSize = 100 } = options;
  const segments = new Map<string, readonly OrderedKey[]>();
  const listKeys = (segment: number, count: number): OrderedKey[] =>
    table
      .all()
      .filter(({ pk }) => fnv1a(pk) % count === segment)
      .map(({ pk, sk }) => ({ key: { pk, sk }, order: orderOf({ pk, sk }) }))
      .sort((a, b) => (a.order < b.order ? -1 : 1));
  const keysOf = ({ segment, segments: count, after }: ScanRequest): readonly OrderedKey[] => {
    const name = `${segment}/${count}`;
    const known = after ? segments.get(name) : undefined;
    const keys = known ?? listKeys(segment, count);
    segments.set(name, keys);
    return keys;
  };
  const scannerUntil = (deadlineMs: number): Scanner => ({
    withDeadline: scannerUntil,
    scan: async (request) => {
      if (now() >= deadlineMs) throw new Busy('no time is left');
      const start = request.after ? orderOf(request.after) : '';
      const keys = keysOf(request);
      const first = keys.findIndex(({ order }) => order > start);
      const page = first < 0 ? [] : keys.slice(first, first + pageSize);
      const rows = await table.getMany(page.map(({ key }) => key));
      const last = page.at(-1);
      return {
        rows: rows.filter((row) => row !== undefined).filter((row) => isSelected(request.range, row)),
        ...(last && last !== keys.at(-1) ? { next: last.key } : {}),
      };
    },
  });
  return scannerUntil(options.deadlineMs ?? Number.POSITIVE_INFINITY);
}
