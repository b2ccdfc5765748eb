import { describe, expect, test } from 'vitest';
import { accountsInBucket, countChunks } from '../../../lambdas/payments/ledger-port.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const account = (number: number, bucket = 'hash:1'): Row => {
  const user_id = `u${String(number).padStart(3, '0')}`;
  const row = { user_id, balance: number, version: 1, updated_at: new Date(noon).toISOString(), bucket };
  return { pk: `ACCOUNT#${user_id}`, sk: 'STATE', ...row, opened_by: 'a private attribute' };
};

async function ledgerWith(...rows: readonly Row[]) {
  const store = createMemoryStore({ now: () => noon });
  for (const row of rows) await store.write([{ op: 'put', row }], row.pk);
  return store;
}

describe('accountsInBucket', () => {
  test('returns each account of the bucket once, in pages, and none of another bucket', async () => {
    const ledger = await ledgerWith(
      ...Array.from({ length: 200 }, (_, index) => account(index)),
      account(999, 'chunk:1'),
    );
    const sizes: number[] = [];
    const users: string[] = [];
    let above: string | undefined;
    do {
      const page = await accountsInBucket(ledger, 'hash:1', above);
      sizes.push(page.accounts.length);
      users.push(...page.accounts.map(({ user_id }) => user_id));
      above = page.next;
    } while (above !== undefined);
    expect(sizes).toEqual([97, 97, 6]);
    expect(users).toEqual(Array.from({ length: 200 }, (_, index) => account(index)['user_id']));
  });

  test('returns a whole chunk as one page, which is the last', async () => {
    const ledger = await ledgerWith(...Array.from({ length: 97 }, (_, index) => account(index, 'chunk:0')));
    const page = await accountsInBucket(ledger, 'chunk:0');
    expect(page.accounts).toHaveLength(97);
    expect(page).not.toHaveProperty('next');
  });

  test('returns only the public attributes of an account', async () => {
    const { accounts } = await accountsInBucket(await ledgerWith(account(7)), 'hash:1');
    expect(accounts).toEqual([{ user_id: 'u007', balance: 7, version: 1, updated_at: '2026-01-01T12:00:00.000Z' }]);
    expect(await accountsInBucket(await ledgerWith(), 'hash:1')).toEqual({ accounts: [] });
  });
});

test('countChunks returns the number of chunks, and zero if there are none', async () => {
  expect(await countChunks(await ledgerWith())).toBe(0);
  expect(await countChunks(await ledgerWith({ pk: 'PROGRAMME', sk: 'STATE', chunks: 11 }))).toBe(11);
});
