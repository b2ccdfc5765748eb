import { keyOfWrite, type Store, type Write } from '../shared/store/store.ts';
import type { TablePorts } from '../shared/store/tables.ts';
import { EXPIRING_ATTRIBUTES } from './table.ts';

const mayExpire: ReadonlySet<string> = new Set(EXPIRING_ATTRIBUTES);

/** Throws if a write would let a row of the ledger expire. A repeated request or event would then be paid again. */
function assertPermanent(write: Write): void {
  if (write.op === 'delete' || !('expires_at' in (write.op === 'put' ? write.row : write.set))) return;
  // An existing row is never given an expiry: outbox records and records of dead letters are written once.
  if (write.op === 'put' && Object.keys(write.row).every((name) => mayExpire.has(name))) return;
  const { pk, sk } = keyOfWrite(write);
  throw new Error(`${pk} ${sk} would expire, and rows of the ledger never do`);
}

/** Wraps the store of the ledger so that none of its rows can be given an expiry. */
export const withPermanentRows = (store: Store): Store => ({
  withDeadline: (deadlineMs) => withPermanentRows(store.withDeadline(deadlineMs)),
  get: (key) => store.get(key),
  getMany: (keys) => store.getMany(keys),
  query: (query) => store.query(query),
  write: async (writes, token) => {
    for (const write of writes) assertPermanent(write);
    await store.write(writes, token);
  },
});

export const ledgerPorts = ({ store, ...ports }: TablePorts): TablePorts => ({
  ...ports,
  store: withPermanentRows(store),
});
