import { type Condition, type Key, keyOfWrite, type Store, type Write } from '../../lambdas/shared/store/store.ts';
import { overrideStore } from './memory-store.ts';

/**
 * Describes a write and its guards, for example `update ACCOUNT#alice STATE if version 2`. `decides` marks a decision
 * whose existence ends the commit; `expires` marks a row with a TTL.
 */
export function describeWrite(write: Write): string {
  const { pk, sk } = keyOfWrite(write);
  const isDecision = write.op === 'put' && write.decides;
  const attributes = write.op === 'put' ? write.row : write.op === 'update' ? write.set : {};
  return [
    `${write.op} ${pk} ${sk}`,
    write.when ? ` if ${describeCondition(write.when)}` : '',
    isDecision ? ', decides' : '',
    'expires_at' in attributes ? ', expires' : '',
  ].join('');
}

const describeCondition = (condition: Condition): string =>
  condition.type === 'absent' ? 'absent' : `version ${condition.version}`;

/**
 * Returns a store that records what it writes to the table. A test of a guard must see the condition itself: in a whole
 * history, another guard of the same transaction often refuses the second write too.
 */
export function recordWrites(table: Store) {
  let transactions: string[][] = [];
  const store = overrideStore(table, {
    write: async (writes, token) => {
      await table.write(writes, token);
      transactions.push(writes.map(describeWrite));
    },
  });
  return {
    store,
    /** Returns the transactions since the last call, each as the list of its writes. */
    takeTransactions: (): string[][] => {
      const taken = transactions;
      transactions = [];
      return taken;
    },
  };
}

/**
 * Returns a store whose next `getMany` is torn, as DynamoDB allows: the rows that `isReadFirst` selects are read, then
 * `meanwhile` runs, and then the other rows are read.
 */
export function tearNextRead(
  table: Store,
  isReadFirst: (key: Key) => boolean,
  meanwhile: () => Promise<unknown>,
): Store {
  let isTorn = false;
  return overrideStore(table, {
    getMany: async (keys) => {
      if (isTorn) return table.getMany(keys);
      isTorn = true;
      const early = await table.getMany(keys);
      await meanwhile();
      const late = await table.getMany(keys);
      return keys.map((key, index) => (isReadFirst(key) ? early[index] : late[index]));
    },
  });
}
