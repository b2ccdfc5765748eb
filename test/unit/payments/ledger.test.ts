import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT, MAX_BALANCE } from '../../../events/money.ts';
import {
  type Account,
  decidePayments,
  deposit,
  type Entry,
  openAccount,
  postSeed,
  postTickToAccount,
  postTickToChunk,
} from '../../../lambdas/payments/ledger.ts';
import { given } from '../../support/given.ts';

const at = '2026-01-01T00:00:00Z';
const holding = (balance: number, version = 0): Account => ({ user_id: 'alice', balance, version, updated_at: at });
const bill = (order_id: string, amount: number) => ({ order_id, user_id: 'alice', amount });

const sumOf = (entry: Entry) => entry.postings.reduce((sum, line) => sum + BigInt(line.amount), 0n);

test('an account opens empty, at version 0', () => {
  expect(openAccount('alice', at)).toEqual(holding(0));
});

describe('a deposit', () => {
  const paying = given((account: Account, amount: number) => deposit(account, amount, 'd1', at)?.account);

  test('is added to the balance, under the next version', () => {
    paying(holding(500, 7)).when(1500).gives(holding(2000, 8));
  });

  test('is an entry that says where the money came from', () => {
    expect(deposit(holding(500, 7), 1500, 'd1', at)?.entry).toEqual({
      entry_id: 'deposit:d1',
      account: 'alice',
      amount: 1500,
      balance_after: 2000,
      version: 8,
      reason: 'deposit',
      ref: 'd1',
      at,
      postings: [
        { account: 'user:alice', amount: 1500 },
        { account: 'external:deposits', amount: -1500 },
      ],
    });
  });

  test('may fill an account to the brim and no further', () => {
    paying(holding(MAX_BALANCE - 1))
      .when(1)
      .gives(holding(MAX_BALANCE, 1));
    paying(holding(MAX_BALANCE)).when(1).changesNothing();
    paying(holding(MAX_BALANCE - 1))
      .when(MAX_AMOUNT)
      .changesNothing();
  });
});

describe('the bills of one account', () => {
  const outcomes = (account: Account | undefined, ...amounts: number[]) => {
    const { account: after, decisions } = decidePayments(
      account,
      amounts.map((amount, place) => bill(`o${place}`, amount)),
      at,
    );
    return {
      left: after?.balance,
      version: after?.version,
      said: decisions.map((one) => (one.decision === 'authorized' ? one.entry.balance_after : one.reason)),
    };
  };

  test('are decided in their order, each against what those before it have left', () => {
    expect(outcomes(holding(100, 3), 60, 50, 40, 1)).toEqual({
      left: 0,
      version: 5,
      said: [40, 'insufficient_funds', 0, 'insufficient_funds'],
    });
  });

  test('may take everything, and not one unit more', () => {
    expect(outcomes(holding(100), 100).said).toEqual([0]);
    expect(outcomes(holding(100), 101)).toEqual({ left: 100, version: 0, said: ['insufficient_funds'] });
    expect(outcomes(holding(0), 1).said).toEqual(['insufficient_funds']);
  });

  test('of nobody are all declined', () => {
    expect(outcomes(undefined, 1, 2)).toEqual({
      left: undefined,
      version: undefined,
      said: ['account_not_found', 'account_not_found'],
    });
  });

  test('that are none change nothing', () => {
    expect(outcomes(holding(100, 3))).toEqual({ left: 100, version: 3, said: [] });
  });

  test('are paid to the merchant by an entry each', () => {
    const [decision] = decidePayments(holding(100, 3), [bill('o1', 30)], at).decisions;
    expect(decision).toEqual({
      order: bill('o1', 30),
      decision: 'authorized',
      entry: {
        entry_id: 'order:o1',
        account: 'alice',
        amount: -30,
        balance_after: 70,
        version: 4,
        reason: 'order',
        ref: 'o1',
        at,
        postings: [
          { account: 'user:alice', amount: -30 },
          { account: 'merchant:orders', amount: 30 },
        ],
      },
    });
  });
});

describe('whatever is deposited and ordered', () => {
  const amount = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: MAX_AMOUNT }));
  const deed = fc.oneof(fc.record({ deposit: amount }), fc.record({ orders: fc.array(amount, { maxLength: 6 }) }));
  const start = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_BALANCE }), fc.constant(MAX_BALANCE));

  test('each entry sums to zero, entries chain without a gap, and no balance leaves its bounds', () => {
    fc.assert(
      fc.property(start, fc.array(deed, { maxLength: 20 }), (balance, deeds) => {
        let account = holding(balance);
        const entries: Entry[] = [];
        for (const [place, one] of deeds.entries()) {
          if ('deposit' in one) {
            const moved = deposit(account, one.deposit, `d${place}`, at);
            expect(moved === undefined).toBe(BigInt(account.balance) + BigInt(one.deposit) > BigInt(MAX_BALANCE));
            if (moved) entries.push(moved.entry);
            account = moved?.account ?? account;
          } else {
            const bills = one.orders.map((sum, at) => bill(`o${place}-${at}`, sum));
            const settled = decidePayments(account, bills, at);
            expect(settled.decisions.map((decision) => decision.order)).toEqual(bills);
            for (const decision of settled.decisions)
              if (decision.decision === 'authorized') entries.push(decision.entry);
            account = settled.account ?? account;
          }
        }
        let sum = BigInt(balance);
        for (const [place, entry] of entries.entries()) {
          sum += BigInt(entry.amount);
          expect(sumOf(entry)).toBe(0n);
          expect(entry.version).toBe(place + 1);
          expect(BigInt(entry.balance_after)).toBe(sum);
          expect(entry.balance_after).toBeGreaterThanOrEqual(0);
          expect(entry.balance_after).toBeLessThanOrEqual(MAX_BALANCE);
        }
        expect(account.version).toBe(entries.length);
        expect(BigInt(account.balance)).toBe(sum);
        expect(new Set(entries.map(({ entry_id }) => entry_id)).size).toBe(entries.length);
      }),
    );
  });
});

describe('a tick', () => {
  const what = { entry_id: 'tick:t:0', chunk: 0, ref: 't', at, deferred: [] };
  const member = (user_id: string, balance: number, version = 3): Account => ({
    ...holding(balance, version),
    user_id,
  });
  const ticking = (accounts: readonly Account[], changes: Readonly<Record<string, number>>) =>
    postTickToChunk(accounts, (user) => changes[user] ?? 0, what);

  test('is one entry with a share for each account, and the other side for all of them', () => {
    const { accounts, entry } = ticking([member('alice', 100), member('bob', 50)], { alice: 30, bob: -20 });
    expect(accounts.map(({ balance, version }) => [balance, version])).toEqual([
      [130, 4],
      [30, 4],
    ]);
    expect(entry).toEqual({
      ...what,
      reason: 'tick',
      changes: [
        { user_id: 'alice', amount: 30, balance_after: 130, version: 4 },
        { user_id: 'bob', amount: -20, balance_after: 30, version: 4 },
      ],
      counter_posting: { account: 'programme:updates', amount: -10 },
    });
  });

  test('takes from nobody what is not there, and lifts nobody above what an account may hold', () => {
    const { entry } = ticking([member('alice', 5), member('bob', MAX_BALANCE - 5), member('carol', MAX_BALANCE + 5)], {
      alice: -10,
      bob: 10,
      carol: -10,
    });
    expect(entry.changes.map(({ amount, balance_after }) => [amount, balance_after])).toEqual([
      [-5, 0],
      [5, MAX_BALANCE],
      [-10, MAX_BALANCE - 5],
    ]);
  });

  test('leaves those alone for whom it has nothing: no share, and no new version', () => {
    const { accounts, entry } = ticking(
      [member('alice', 0), member('bob', MAX_BALANCE + 5), member('carol', 1), member('dave', 7)],
      { alice: -10, bob: 10, carol: 0, dave: 1 },
    );
    expect(accounts.map(({ user_id }) => user_id)).toEqual(['dave']);
    expect(entry.changes).toHaveLength(1);
  });

  test('of one account alone is the same change, in an entry of its own', () => {
    const alone = postTickToAccount(member('alice', 100), 30, 'tick:t:0:alice', 't', at);
    expect(alone?.account).toMatchObject({ balance: 130, version: 4 });
    expect(alone?.entry).toMatchObject({ reason: 'tick', ref: 't', amount: 30, balance_after: 130, version: 4 });
    expect(alone && sumOf(alone.entry)).toBe(0n);
    expect(postTickToAccount(member('alice', 0), -30, 'tick:t:0:alice', 't', at)).toBeUndefined();
  });

  test('whatever it is made of, sums to zero and never below it', () => {
    const balance = fc.oneof(
      fc.integer({ min: 0, max: 20_000 }),
      fc.integer({ min: MAX_BALANCE - 20_000, max: MAX_BALANCE }),
    );
    const one = fc.tuple(balance, fc.integer({ min: -10_000, max: 10_000 }));
    fc.assert(
      fc.property(fc.array(one, { maxLength: 97 }), (all) => {
        const members = all.map(([held], place) => member(`u${place}`, held));
        const changes = Object.fromEntries(all.map(([, change], place) => [`u${place}`, change]));
        const { entry } = ticking(members, changes);
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

test('what made-up users begin with is a deposit, from version 1 on', () => {
  const what = { entry_id: 'seed:0:0', chunk: 0, ref: '42', at };
  const { accounts, entry } = postSeed([openAccount('alice', at, 0), openAccount('bob', at, 0)], () => 500, what);
  expect(accounts[0]).toEqual({ user_id: 'alice', balance: 500, version: 1, updated_at: at, chunk: 0 });
  expect(entry).toMatchObject({
    reason: 'seed',
    deferred: [],
    counter_posting: { account: 'external:deposits', amount: -1000 },
  });
});
