import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_BALANCE } from '../../../../events/money.ts';
import { type Account, openAccount } from '../../../../lambdas/payments/ledger.ts';
import { boundedChange, postBulk } from '../../../../lambdas/payments/update-programme/bulk-ledger.ts';

const at = '2026-01-01T00:00:00Z';
const member = (user_id: string, balance: number): Account => ({ user_id, balance, version: 3, updated_at: at });

describe('postBulk of a tick', () => {
  const header = { entry_id: 'tick:t:0', chunk: 0, reason: 'tick', ref: 't', at, deferred: [] } as const;
  const postTickEntry = (accounts: readonly Account[], changes: Readonly<Record<string, number>>) =>
    postBulk(accounts, (user) => changes[user] ?? 0, { ...header, counterparty: 'programme:updates' });

  test('posts one entry with a change for each account and one posting of the counterparty', () => {
    const { accounts, entry } = postTickEntry([member('alice', 100), member('bob', 50)], { alice: 30, bob: -20 });
    expect(accounts.map(({ balance, version }) => [balance, version])).toEqual([
      [130, 4],
      [30, 4],
    ]);
    expect(entry).toEqual({
      ...header,
      changes: [
        { user_id: 'alice', amount: 30, balance_after: 130, version: 4 },
        { user_id: 'bob', amount: -20, balance_after: 30, version: 4 },
      ],
      counter_posting: { account: 'programme:updates', amount: -10 },
    });
  });

  test('limits changes so that balances stay between zero and the maximum', () => {
    const accounts = [member('alice', 5), member('bob', MAX_BALANCE - 5), member('carol', MAX_BALANCE + 5)];
    const { entry } = postTickEntry(accounts, { alice: -10, bob: 10, carol: -10 });
    expect(entry.changes.map(({ amount, balance_after }) => [amount, balance_after])).toEqual([
      [-5, 0],
      [5, MAX_BALANCE],
      [-10, MAX_BALANCE - 5],
    ]);
  });

  test('leaves out accounts whose bounded change is zero and does not raise their versions', () => {
    const { accounts, entry } = postTickEntry(
      [member('alice', 0), member('bob', MAX_BALANCE + 5), member('carol', 1), member('dave', 7)],
      { alice: -10, bob: 10, carol: 0, dave: 1 },
    );
    expect(accounts.map(({ user_id }) => user_id)).toEqual(['dave']);
    expect(entry.changes).toHaveLength(1);
  });

  test('sums to zero and keeps each balance between zero and the maximum, whatever the changes', () => {
    const balance = fc.oneof(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: MAX_BALANCE - 20_000, max: MAX_BALANCE }),
    );
    const balanceAndChange = fc.tuple(balance, fc.integer({ min: -10_000, max: 10_000 }));
    fc.assert(
      fc.property(fc.array(balanceAndChange, { maxLength: 97 }), (pairs) => {
        const members = pairs.map(([balance], index) => member(`u${index}`, balance));
        const changes = Object.fromEntries(pairs.map(([, change], index) => [`u${index}`, change]));
        const { entry } = postTickEntry(members, changes);
        const sum = entry.changes.reduce((total, { amount }) => total + amount, 0) + entry.counter_posting.amount;
        expect(sum).toBe(0);
        for (const { balance_after } of entry.changes) {
          expect(balance_after).toBeGreaterThanOrEqual(0);
          expect(balance_after).toBeLessThanOrEqual(MAX_BALANCE);
        }
      }),
    );
  });
});

test('postBulk of a seed posts the initial balances as deposits at version 1', () => {
  const header = { entry_id: 'seed:0:0', chunk: 0, reason: 'seed', ref: '42', at, deferred: [] } as const;
  const opened = [openAccount('alice', at, 0), openAccount('bob', at, 0)];
  const { accounts, entry } = postBulk(opened, () => 500, { ...header, counterparty: 'external:deposits' });
  expect(accounts[0]).toEqual({ user_id: 'alice', balance: 500, version: 1, updated_at: at, chunk: 0 });
  expect(entry).toMatchObject({
    reason: 'seed',
    deferred: [],
    counter_posting: { account: 'external:deposits', amount: -1000 },
  });
});

test('boundedChange returns zero if the account can take none of the change', () => {
  expect(Math.abs(boundedChange({ balance: 0 }, -30))).toBe(0);
  expect(boundedChange({ balance: 100 }, 30)).toBe(30);
});
