import { describe, expect, test } from 'vitest';
import { accountsInBucket, chunkCount } from '../../../lambdas/payments/ledger-port.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const account = (at: number, bucket = 'hash:1'): Row => {
  const user_id = `u${String(at).padStart(3, '0')}`;
  const row = { user_id, balance: at, version: 1, updated_at: new Date(noon).toISOString(), bucket };
  return { pk: `ACCOUNT#${user_id}`, sk: 'STATE', ...row, opened_by: 'nobody else’s business' };
};

async function ledgerWith(...rows: readonly Row[]) {
  const store = createMemoryStore({ now: () => noon });
  for (const row of rows) await store.write([{ op: 'put', row }], row.pk);
  return store;
}

describe('the ledger, as others may read it', () => {
  test('gives a bucket’s accounts in pages, each of them once, and none of another', async () => {
    const ledger = await ledgerWith(...Array.from({ length: 200 }, (_, at) => account(at)), account(999, 'chunk:1'));
    const sizes: number[] = [];
    const seen: string[] = [];
    let above: string | undefined;
    do {
      const page = await accountsInBucket(ledger, 'hash:1', above);
      sizes.push(page.accounts.length);
      seen.push(...page.accounts.map(({ user_id }) => user_id));
      above = page.next;
    } while (above !== undefined);
    expect(sizes).toEqual([97, 97, 6]);
    expect(seen).toEqual(Array.from({ length: 200 }, (_, at) => account(at)['user_id']));
  });

  test('gives a whole chunk as one page, and says that it is the last', async () => {
    const ledger = await ledgerWith(...Array.from({ length: 97 }, (_, at) => account(at, 'chunk:0')));
    const page = await accountsInBucket(ledger, 'chunk:0');
    expect(page.accounts).toHaveLength(97);
    expect(page).not.toHaveProperty('next');
  });

  test('says of an account what it has, and nothing more', async () => {
    const { accounts } = await accountsInBucket(await ledgerWith(account(7)), 'hash:1');
    expect(accounts).toEqual([{ user_id: 'u007', balance: 7, version: 1, updated_at: '2026-01-01T12:00:00.000Z' }]);
    expect(await accountsInBucket(await ledgerWith(), 'hash:1')).toEqual({ accounts: [] });
  });

  test('knows how many chunks there are, also before there is any', async () => {
    expect(await chunkCount(await ledgerWith())).toBe(0);
    expect(await chunkCount(await ledgerWith({ pk: 'PROGRAMME', sk: 'STATE', chunks: 11 }))).toBe(11);
  });
});
