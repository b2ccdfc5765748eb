import { describe, expect, test } from 'vitest';
import { withPermanentRows } from '../../../lambdas/payments/permanent-rows.ts';
import { absent, type Store, versionIs, type Write } from '../../../lambdas/shared/store/store.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const entry = { pk: 'DEPOSIT#1', sk: 'ENTRY', amount: 5 };
const outbox = { pk: 'DEPOSIT#1', sk: 'OUTBOX#1', events: '[]', expires_at: 1_900_000_000 };
const put = (row: typeof entry & Record<string, unknown>): Write => ({ op: 'put', row, when: absent });

function createLedger(): { ledger: Store; rows: () => readonly unknown[] } {
  const memory = createMemoryStore({ now: () => 0 });
  return { ledger: withPermanentRows(memory), rows: () => memory.all() };
}

describe('the store of the ledger', () => {
  test('writes an entry, and an outbox record that expires', async () => {
    const { ledger, rows } = createLedger();
    await ledger.write([put(entry), { op: 'put', row: outbox, when: absent }], 't');
    expect(rows()).toHaveLength(2);
  });

  test('refuses an entry with an expiry, and writes nothing of its transaction', async () => {
    const { ledger, rows } = createLedger();
    const writes: Write[] = [{ op: 'put', row: outbox, when: absent }, put({ ...entry, expires_at: 1 })];
    await expect(ledger.write(writes, 't')).rejects.toThrow('DEPOSIT#1 ENTRY would expire');
    expect(rows()).toEqual([]);
  });

  test('refuses to give an expiry to an existing row', async () => {
    const { ledger } = createLedger();
    const key = { pk: 'ACCOUNT#a', sk: 'STATE' };
    const write: Write = { op: 'update', key, set: { balance: 1, expires_at: 1 }, when: versionIs(1) };
    await expect(ledger.write([write], 't')).rejects.toThrow('ACCOUNT#a STATE would expire');
  });
});
