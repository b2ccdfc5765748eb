import { describe, expect, test } from 'vitest';
import { AlreadyDone } from '../../../lambdas/shared/runtime/errors.ts';
import type { Key } from '../../../lambdas/shared/store/store.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import {
  context,
  createPayments,
  createPaymentsOf,
  identity,
  orderCreated,
  orderId,
  refundRequested,
  tick,
  tickPlanned,
} from '../../support/payment-fixture.ts';
import { tearNextRead } from '../../support/recorded-writes.ts';

/** A consumer acknowledges a message whose decision exists. */
const ignoreAlreadyDone = (error: unknown): void => {
  if (!(error instanceof AlreadyDone)) throw error;
};

// Each test delivers something twice. The second delivery reads some rows before the first one, and others after it.
describe('a torn read', () => {
  const isRow = (sk: string) => (key: Key) => key.sk === sk;

  test('does not decline an order that a concurrent delivery has paid', async () => {
    const { table, storesOn, payments, balanceOf, answers } = await createPaymentsOf(100);
    const torn = tearNextRead(table, isRow('PAYMENT'), () => payments.pay([orderCreated('a', 70)], context));
    await storesOn(torn).payments.pay([orderCreated('a', 70)], context);
    expect(await table.get({ pk: `ORDER#${orderId('a')}`, sk: 'PAYMENT' })).toMatchObject({
      decision: 'authorized',
      amount: -70,
    });
    expect(answers().map(({ type }) => type)).toEqual(['PaymentAuthorized']);
    expect(await balanceOf()).toBe(30);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('does not refund an order twice, also if the second request is a nudge', async () => {
    const { table, storesOn, payments, balanceOf, answers } = await createPaymentsOf(100);
    await payments.pay([orderCreated('a', 70)], context);
    const torn = tearNextRead(table, isRow('REFUND'), () => payments.refund(refundRequested('a', 70), context));
    await storesOn(torn)
      .payments.refund(refundRequested('a', 70, 'sweep-1'), context)
      .catch(ignoreAlreadyDone);
    expect(await balanceOf()).toBe(100);
    expect(answers().filter(({ type }) => type === 'PaymentRefunded')).toHaveLength(1);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('does not deposit twice for one Idempotency-Key', async () => {
    const { table, storesOn, deposit, balanceOf } = await createPaymentsOf(100);
    const torn = tearNextRead(table, isRow('ENTRY'), () => deposit(50, 'd2'));
    const response = await storesOn(torn).accounts.deposit({ user_id: 'alice', amount: 50 }, identity('d2'), 'request');
    expect(response).toEqual({ balance: { user_id: 'alice', balance: 150 }, isReplay: true });
    expect(await balanceOf()).toBe(150);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('does not apply a tick twice', async () => {
    const { table, storesOn, programme } = createPayments();
    await programme.reserveChunks(7, 1);
    await programme.seedChunk(7, 0, ['u7-000001', 'u7-000002']);
    const torn = tearNextRead(table, isRow(`TICK#${tick}`), () => programme.applyTick(tickPlanned));
    await storesOn(torn).programme.applyTick(tickPlanned);
    const versions = table.all().flatMap(({ sk, user_id, version }) => (sk === 'STATE' && user_id ? [version] : []));
    expect(versions).toEqual([2, 2]);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });
});
