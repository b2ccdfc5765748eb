import { describe, expect, test } from 'vitest';
import { createPayments, identity } from '../../support/payment-fixture.ts';

describe('opening an account', () => {
  const createAccounts = async () => {
    const fixture = createPayments();
    await fixture.open('alice');
    const open = (request: ReturnType<typeof identity>) =>
      fixture.accounts.open({ user_id: 'alice' }, request, 'request');
    return { ...fixture, open };
  };

  test('is replayed for the same key, and rejected for another request', async () => {
    const { table, open, deposit } = await createAccounts();
    await deposit(100);
    const before = table.all();
    expect(await open(identity('open-alice'))).toEqual({ balance: { user_id: 'alice', balance: 0 }, isReplay: true });
    await expect(open(identity('other'))).rejects.toMatchObject({ code: 'account_exists', status: 409 });
    expect(table.all()).toEqual(before);
  });

  test('is rejected for a used key with another body', async () => {
    const { open } = await createAccounts();
    await expect(open({ ...identity('open-alice'), body_hash: 'other' })).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
  });
});

describe('a deposit with a used key', () => {
  const createDeposits = async () => {
    const fixture = createPayments();
    await fixture.open('alice');
    await fixture.deposit(100, 'first');
    await fixture.deposit(20, 'second');
    return fixture;
  };

  test('returns the balance of its first response', async () => {
    const { table, deposit } = await createDeposits();
    const before = table.all();
    expect(await deposit(100, 'first')).toEqual({ balance: { user_id: 'alice', balance: 100 }, isReplay: true });
    expect(table.all()).toEqual(before);
  });

  test('is rejected if its body is another one', async () => {
    const { table, accounts } = await createDeposits();
    const before = table.all();
    const request = { ...identity('first'), body_hash: 'other' };
    await expect(accounts.deposit({ user_id: 'alice', amount: 1 }, request, 'request')).rejects.toMatchObject({
      code: 'idempotency_key_reused',
    });
    expect(table.all()).toEqual(before);
  });
});
