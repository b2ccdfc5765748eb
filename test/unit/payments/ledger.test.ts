import fc from 'fast-check';
import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT, MAX_BALANCE } from '../../../events/money.ts';
import {
  type Account,
  decidePayments,
  deposit,
  type Entry,
  openAccount,
  postTick,
  refund,
} from '../../../lambdas/payments/ledger.ts';
import { given } from '../../support/given.ts';

const at = '2026-01-01T00:00:00Z';
const accountWith = (balance: number, version = 0): Account => ({ user_id: 'alice', balance, version, updated_at: at });
const pendingOrder = (order_id: string, amount: number) => ({ order_id, user_id: 'alice', amount });

const sumOfPostings = (entry: Entry) => entry.postings.reduce((sum, { amount }) => sum + BigInt(amount), 0n);

test('opens an account with a balance of zero at version 0', () => {
  expect(openAccount('alice', at)).toEqual(accountWith(0));
});

describe('deposit', () => {
  const depositing = given((account: Account, amount: number) => deposit(account, amount, 'd1', at)?.account);

  test('adds the amount to the balance and increments the version', () => {
    depositing(accountWith(500, 7)).when(1500).gives(accountWith(2000, 8));
  });

  test('posts an entry with external:deposits as its source', () => {
    expect(deposit(accountWith(500, 7), 1500, 'd1', at)?.entry).toEqual({
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

  test('accepts an amount up to the maximum balance and refuses a higher one', () => {
    depositing(accountWith(MAX_BALANCE - 1))
      .when(1)
      .gives(accountWith(MAX_BALANCE, 1));
    depositing(accountWith(MAX_BALANCE)).when(1).changesNothing();
    depositing(accountWith(MAX_BALANCE - 1))
      .when(MAX_AMOUNT)
      .changesNothing();
  });
});

describe('decidePayments', () => {
  const decide = (account: Account | undefined, ...amounts: number[]) => {
    const { account: after, decisions } = decidePayments(
      account,
      amounts.map((amount, index) => pendingOrder(`o${index}`, amount)),
      at,
    );
    return {
      balance: after?.balance,
      version: after?.version,
      outcomes: decisions.map((decision) =>
        decision.decision === 'authorized' ? decision.entry.balance_after : decision.reason,
      ),
    };
  };

  test('decides orders in sequence, each against the remaining balance', () => {
    expect(decide(accountWith(100, 3), 60, 50, 40, 1)).toEqual({
      balance: 0,
      version: 5,
      outcomes: [40, 'insufficient_funds', 0, 'insufficient_funds'],
    });
  });

  test('authorizes an order of the whole balance and declines one above it', () => {
    expect(decide(accountWith(100), 100).outcomes).toEqual([0]);
    expect(decide(accountWith(100), 101)).toEqual({ balance: 100, version: 0, outcomes: ['insufficient_funds'] });
    expect(decide(accountWith(0), 1).outcomes).toEqual(['insufficient_funds']);
  });

  test('declines all orders of a user without an account', () => {
    expect(decide(undefined, 1, 2)).toEqual({
      balance: undefined,
      version: undefined,
      outcomes: ['account_not_found', 'account_not_found'],
    });
  });

  test('changes nothing without orders', () => {
    expect(decide(accountWith(100, 3))).toEqual({ balance: 100, version: 3, outcomes: [] });
  });

  test('posts an entry with merchant:orders as its destination for each authorized order', () => {
    const [decision] = decidePayments(accountWith(100, 3), [pendingOrder('o1', 30)], at).decisions;
    expect(decision).toEqual({
      order: pendingOrder('o1', 30),
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

test('refund posts the reversal of a payment, with an id of its own', () => {
  const { account, entry } = refund(accountWith(30, 2), 70, 'o1', at);
  expect(account).toEqual(accountWith(100, 3));
  expect(entry).toEqual({
    entry_id: 'refund:o1',
    account: 'alice',
    amount: 70,
    balance_after: 100,
    version: 3,
    reason: 'refund',
    ref: 'o1',
    at,
    postings: [
      { account: 'user:alice', amount: 70 },
      { account: 'merchant:orders', amount: -70 },
    ],
  });
});

test('postTick posts an entry against programme:updates for one account', () => {
  const header = { entry_id: 'tick:t:0:alice', ref: 't', at };
  const { account, entry } = postTick(accountWith(100, 3), 30, header);
  expect(account).toMatchObject({ balance: 130, version: 4 });
  expect(entry).toMatchObject({ ...header, reason: 'tick', amount: 30, balance_after: 130, version: 4 });
  expect(entry.postings.at(-1)).toEqual({ account: 'programme:updates', amount: -30 });
  expect(sumOfPostings(entry)).toBe(0n);
});

describe('any sequence of deposits and orders', () => {
  const amount = fc.oneof(fc.integer({ min: 1, max: 50 }), fc.integer({ min: 1, max: MAX_AMOUNT }));
  const action = fc.oneof(fc.record({ deposit: amount }), fc.record({ orders: fc.array(amount, { maxLength: 6 }) }));
  const initialBalance = fc.oneof(fc.constant(0), fc.integer({ min: 0, max: MAX_BALANCE }), fc.constant(MAX_BALANCE));

  test('keeps entries balanced, versions without gaps and balances within their bounds', () => {
    fc.assert(
      fc.property(initialBalance, fc.array(action, { maxLength: 20 }), (balance, actions) => {
        let account = accountWith(balance);
        const entries: Entry[] = [];
        for (const [index, action] of actions.entries()) {
          if ('deposit' in action) {
            const posted = deposit(account, action.deposit, `d${index}`, at);
            expect(posted === undefined).toBe(BigInt(account.balance) + BigInt(action.deposit) > BigInt(MAX_BALANCE));
            if (posted) entries.push(posted.entry);
            account = posted?.account ?? account;
          } else {
            const orders = action.orders.map((sum, orderIndex) => pendingOrder(`o${index}-${orderIndex}`, sum));
            const decided = decidePayments(account, orders, at);
            expect(decided.decisions.map((decision) => decision.order)).toEqual(orders);
            for (const decision of decided.decisions)
              if (decision.decision === 'authorized') entries.push(decision.entry);
            account = decided.account ?? account;
          }
        }
        let sum = BigInt(balance);
        for (const [index, entry] of entries.entries()) {
          sum += BigInt(entry.amount);
          expect(sumOfPostings(entry)).toBe(0n);
          expect(entry.version).toBe(index + 1);
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
