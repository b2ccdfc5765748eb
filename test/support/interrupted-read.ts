import type { Key, Row, Store } from '../../lambdas/shared/store/store.ts';
import { type MemoryStore, overrideStore } from './memory-store.ts';

interface Interruption {
  readonly index: number;
  readonly isReversed: boolean;
}

/**
 * Returns the table, and lets something happen before one of its reads, counted from 0. The rows of one request are
 * read one after the other, in the order of their keys or in the opposite order, and each of them counts.
 */
export function interruptRead(
  table: MemoryStore,
  { index, isReversed }: Interruption,
  interrupt: () => Promise<unknown>,
): Store {
  let reads = 0;
  const before = async <T>(read: () => Promise<T>): Promise<T> => {
    if (reads++ === index) await interrupt();
    return read();
  };
  const get = (key: Key) => before(() => table.get(key));
  return overrideStore(table, {
    get,
    query: (query) => before(() => table.query(query)),
    getMany: async (keys) => {
      const rows: (Row | undefined)[] = [];
      for (const key of isReversed ? keys.toReversed() : keys) rows.push(await get(key));
      return isReversed ? rows.reverse() : rows;
    },
  });
}

/** Each of the first reads of a request, in both orders. No request of these tests makes more reads. */
export const interruptions: readonly Interruption[] = [false, true].flatMap((isReversed) =>
  Array.from({ length: 5 }, (_, index) => ({ index, isReversed })),
);
