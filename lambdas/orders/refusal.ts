import { commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, type Row, versionIs } from '../shared/store/store.ts';
import { createRefusalRow, isRefusal, versionOf } from './order-row.ts';

/**
 * Records under a key that its request is refused, or returns the row of the key if another attempt has placed the
 * order. An earlier attempt may have sent its write and got no response. If that write were applied after the refusal,
 * the customer would pay for an order that was refused, and perhaps for the one that replaced it. So the refusal takes
 * a key that the transaction of the order writes too, and each further refusal changes its version (docs/adr/0022).
 */
export const recordRefusal = (work: UnitOfWork, key: Key): Promise<Row | undefined> =>
  commit(work, async (read) => {
    const row = await read.get(key);
    if (row && !isRefusal(row)) return { writes: [], result: row };
    const refusal = createRefusalRow(key, row, work.clock.now());
    return {
      writes: [{ op: 'put', row: refusal, when: row ? versionIs(versionOf(row)) : absent }],
      result: undefined,
    };
  });
