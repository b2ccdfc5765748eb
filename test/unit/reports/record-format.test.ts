import { describe, expect, test } from 'vitest';
import { headerOf, lineFormat, sumsOf } from '../../../lambdas/reports/record-format.ts';

const posting = (account: string, amount: number) => ({
  entry_id: 'e',
  account,
  amount,
  reason: 'order',
  ref: 'r',
  at: 't',
});

describe('the lines of a report', () => {
  test('have the columns of their kind in order, empty where a record has no value', () => {
    expect(headerOf('ledger', 'csv')).toBe('entry_id,account,amount,balance_after,version,reason,ref,at\r\n');
    expect(lineFormat('ledger', 'csv')(posting('merchant:orders', 5))).toBe('e,merchant:orders,5,,,order,r,t\r\n');
  });

  test('are objects with typed values in NDJSON, without a header', () => {
    expect(headerOf('ledger', 'ndjson')).toBe('');
    const line = lineFormat('ledger', 'ndjson')({ ...posting('user:a', -5), version: 3, balance_after: 0 });
    expect(JSON.parse(line)).toEqual({ ...posting('user:a', -5), version: 3, balance_after: 0 });
    expect(line.endsWith('}\n')).toBe(true);
  });

  test('leave out attributes that are no columns', () => {
    const line = lineFormat('balances', 'ndjson')({ user_id: 'a', balance: 1, secret: 'x' });
    expect(JSON.parse(line)).toEqual({ user_id: 'a', balance: 1 });
  });
});

describe('the sums of a report', () => {
  test('of the ledger are those of the customers, of each counterparty, and zero in total', () => {
    const postings = [
      posting('user:a', -5),
      posting('merchant:orders', 5),
      posting('user:b', 7),
      posting('external:deposits', -7),
    ];
    expect(sumsOf('ledger', postings)).toEqual({
      total: 0n,
      users: 2n,
      'merchant:orders': 5n,
      'external:deposits': -7n,
    });
  });

  test('of orders are those of each status', () => {
    const orders = [
      { amount: 5, status: 'FINISHED' },
      { amount: 6, status: 'PAYMENT_AUTHORIZED' },
      { amount: 7, status: 'FINISHED' },
    ];
    expect(sumsOf('orders', orders)).toEqual({ amount: 18n, amount_finished: 12n, amount_payment_authorized: 6n });
  });

  test('are exact beyond 2^53', () => {
    const balance = Number.MAX_SAFE_INTEGER;
    const balances = Array.from({ length: 3 }, () => ({ balance }));
    expect(sumsOf('balances', balances)).toEqual({ balance: 3n * BigInt(balance) });
  });

  test.each([1.5, Number.NaN, 2 ** 53, '5', undefined])('reject %s as an amount', (amount) => {
    expect(() => sumsOf('orders', [{ amount: amount as number, status: 'NEW' }])).toThrow('not an amount');
  });
});
