import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT, MAX_BALANCE } from '../../../events/money.ts';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { RefundRequested } from '../../../events/orders/refund-requested.ts';
import { createPaymentsDeps } from '../../../lambdas/payments/deps.ts';
import { handler as onOrderPayments } from '../../../lambdas/payments/on-order-payments.ts';
import type { OrderCreatedEvent, RefundRequestedEvent } from '../../../lambdas/payments/payment-store.ts';
import { createRequestIdentity } from '../../../lambdas/shared/http/idempotency.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';
import { keyOfWrite, type Row, type Store, type Write } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon, RecordingQueue, sqsRecord } from '../../support/fixtures.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const orderId = (letter: string) => letter.repeat(26);
const orderCreated = (letter: string, user_id: string, amount: number, nudge?: string) =>
  OrderCreated.make(
    { order_id: orderId(letter), user_id, amount, created_at: new Date(noon).toISOString() },
    { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'request', nudge },
  ) as OrderCreatedEvent;

/** Creates the stores and the consumer of payments in memory. Transactions are recorded; those of broken rows fail. */
async function createPayments(balances: Readonly<Record<string, number>> = { alice: 100 }) {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  const brokenAggregates = new Set<string>();
  const store: Store = overrideStore(table, {
    write: async (writes, token) => {
      if (writes.some((write) => brokenAggregates.has(keyOfWrite(write).pk))) throw new Error('broken');
      transactions.push(writes);
      await table.write(writes, token);
    },
  });
  const clock = createSteppingClock();
  const createDeps = createPaymentsDeps({ store, clock });
  const { accounts, payments } = createDeps({ deadlineMs: noon + 5000 });
  for (const [user_id, balance] of Object.entries(balances)) {
    await accounts.open({ user_id }, createRequestIdentity('open', user_id, undefined, user_id), 'request');
    for (let left = balance; left > 0; left -= MAX_AMOUNT) {
      const identity = createRequestIdentity('deposit', user_id, undefined, left);
      await accounts.deposit({ user_id, amount: Math.min(left, MAX_AMOUNT) }, identity, 'request');
    }
  }
  transactions.length = 0;
  const queue = new RecordingQueue();
  const run = onOrderPayments.withRuntime({ createDeps, queue, clock, chaos: async () => noFaults });
  const outboxRecords = () => table.all().filter(({ sk }) => sk.startsWith('OUTBOX#'));
  return {
    table,
    transactions,
    brokenAggregates,
    queue,
    accounts,
    payments,
    /** Receives a batch and returns the ids of the messages that failed. */
    receive: async (...events: unknown[]) => {
      const Records = events.map((event, index) => sqsRecord(`m${index}`, event));
      const { batchItemFailures } = await run({ Records }, 'order-payments', 10_000);
      return batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);
    },
    balanceOf: async (user: string) => (await accounts.read(user)).balance,
    outboxRecords,
    answers: () =>
      outboxRecords()
        .flatMap(parseOutboxRecord)
        .filter(({ type }) => /^Payment/.test(type)),
  };
}

describe('a refund', () => {
  const refundRequested = (letter: string, user_id: string, amount = 70) =>
    RefundRequested.make(
      { order_id: orderId(letter), user_id, amount, reason: 'requested' },
      { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'request' },
    ) as RefundRequestedEvent;
  const context = {
    deadlineMs: noon + 5000,
    createReceipt: () => ({}),
    messageIdOf: () => '-',
    receiveCountOf: () => 1,
  };

  test('credits the payer once, and rejects any other user', async () => {
    const { receive, payments, balanceOf, table } = await createPayments({ alice: 100, mallory: 0 });
    await receive(orderCreated('a', 'alice', 70));
    await expect(payments.refund(refundRequested('a', 'mallory'), context)).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
    for (let time = 0; time < 2; time++) await payments.refund(refundRequested('a', 'alice'), context);
    expect([await balanceOf('alice'), await balanceOf('mallory')]).toEqual([100, 0]);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('credits the amount of the payment, whatever amount its event has', async () => {
    const { receive, payments, balanceOf, answers, table } = await createPayments();
    await receive(orderCreated('a', 'alice', 70));
    await payments.refund(refundRequested('a', 'alice', 999), context);
    expect(await balanceOf('alice')).toBe(100);
    expect(answers().at(-1)).toMatchObject({ type: 'PaymentRefunded', data: { amount: 70, balance_after: 100 } });
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('is rejected for an order that was declined', async () => {
    const { receive, payments, balanceOf } = await createPayments();
    await receive(orderCreated('a', 'alice', 101));
    await expect(payments.refund(refundRequested('a', 'alice', 101), context)).rejects.toMatchObject({
      code: 'nothing_to_refund',
    });
    expect(await balanceOf('alice')).toBe(100);
  });
});

describe('a batch of orders', () => {
  test('takes one transaction per account and decides the orders in sequence', async () => {
    const { receive, transactions, balanceOf, answers, table } = await createPayments();
    const letters = [...'abcdefghij'];
    expect(await receive(...letters.map((letter) => orderCreated(letter, 'alice', 15)))).toEqual([]);
    expect(transactions).toHaveLength(1);
    // One account, and for each order its decision row and its outbox record.
    expect(transactions[0]).toHaveLength(21);
    expect(await balanceOf('alice')).toBe(10);
    expect(
      answers()
        .filter(({ type }) => type === 'PaymentAuthorized')
        .map(({ correlation_id }) => correlation_id),
    ).toEqual(letters.slice(0, 6).map(orderId));
    expect(answers().filter(({ type }) => type === 'PaymentDeclined')).toHaveLength(4);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('takes one transaction for each of several accounts and fails only the messages of a broken one', async () => {
    const { receive, brokenAggregates, transactions, balanceOf, queue } = await createPayments({
      alice: 100,
      bob: 100,
      carol: 100,
    });
    brokenAggregates.add('ACCOUNT#bob');
    const batch = [
      orderCreated('a', 'alice', 10),
      orderCreated('b', 'bob', 10),
      orderCreated('c', 'carol', 10),
      orderCreated('d', 'bob', 20),
      'poison',
      orderCreated('e', 'alice', 20),
    ];
    expect(await receive(...batch)).toEqual([]);
    expect(transactions).toHaveLength(2);
    expect([await balanceOf('alice'), await balanceOf('bob'), await balanceOf('carol')]).toEqual([70, 100, 90]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
    expect(queue.requeued.map(({ body, delaySeconds }) => [body, delaySeconds])).toEqual(
      [batch[1], batch[3]].map((order) => [JSON.stringify(order), 1]),
    );
  });

  test('pays an order once if all messages are the same order', async () => {
    const { receive, transactions, balanceOf, answers } = await createPayments();
    expect(await receive(...Array.from({ length: 10 }, () => orderCreated('a', 'alice', 30)))).toEqual([]);
    expect(await receive(...Array.from({ length: 10 }, () => orderCreated('a', 'alice', 30)))).toEqual([]);
    expect(transactions).toHaveLength(1);
    expect(await balanceOf('alice')).toBe(70);
    expect(answers()).toHaveLength(1);
  });

  test('declines each order of a user without an account, with a decision row of its own', async () => {
    const { receive, table, answers } = await createPayments({});
    await receive(orderCreated('a', 'stranger', 1), orderCreated('b', 'stranger', 2));
    expect(answers().map(({ data }) => data)).toEqual([
      { order_id: orderId('a'), user_id: 'stranger', amount: 1, reason: 'account_not_found' },
      { order_id: orderId('b'), user_id: 'stranger', amount: 2, reason: 'account_not_found' },
    ]);
    expect(table.all().filter(({ sk }) => sk === 'PAYMENT')).toHaveLength(2);
  });
});

describe('a decision row', () => {
  test('holds its receipt and never expires', async () => {
    const { receive, table } = await createPayments();
    await receive(orderCreated('a', 'alice', 10), orderCreated('b', 'alice', 1000));
    for (const letter of ['a', 'b']) {
      const row = await table.get({ pk: `ORDER#${orderId(letter)}`, sk: 'PAYMENT' });
      expect(row).toMatchObject({
        decision: letter === 'a' ? 'authorized' : 'declined',
        receipts: { [`OrderCreated:${orderId(letter)}`]: { consumer: 'order-payments', receive_count: 1 } },
      });
      expect(row).not.toHaveProperty('expires_at');
    }
  });

  test('stays declined if money is deposited before the order is delivered again', async () => {
    const { receive, accounts, balanceOf, answers } = await createPayments();
    await receive(orderCreated('a', 'alice', 150));
    const identity = createRequestIdentity('deposit', 'alice', 'k', 1);
    await accounts.deposit({ user_id: 'alice', amount: 1000 }, identity, 'request');
    await receive(orderCreated('a', 'alice', 150));
    expect(await balanceOf('alice')).toBe(1100);
    expect(answers().map(({ type }) => type)).toEqual(['PaymentDeclined']);
  });
});

describe('a nudge', () => {
  const nudged = async (...events: unknown[]) => {
    const deps = await createPayments();
    await deps.receive(orderCreated('a', 'alice', 30));
    const [first] = deps.answers();
    await deps.receive(...events);
    return { ...deps, first, repeated: deps.answers().slice(1) };
  };

  test('repeats the answer of the decision with the same id and data, and pays nothing', async () => {
    const { first, repeated, balanceOf } = await nudged(orderCreated('a', 'alice', 30, 'sweep-1'));
    expect(repeated).toEqual([expect.objectContaining({ id: first?.id, data: first?.data, nudge: 'sweep-1' })]);
    expect(await balanceOf('alice')).toBe(70);
  });

  test('is answered once, and separately from other nudges', async () => {
    const { repeated, receive, answers } = await nudged(
      orderCreated('a', 'alice', 30, 'sweep-1'),
      orderCreated('a', 'alice', 30, 'sweep-1'),
      orderCreated('a', 'alice', 30, 'sweep-2'),
    );
    expect(repeated.map(({ nudge }) => nudge).sort()).toEqual(['sweep-1', 'sweep-2']);
    await receive(orderCreated('a', 'alice', 30, 'sweep-2'));
    expect(answers()).toHaveLength(3);
  });

  test('is answered even if a duplicate without a nudge is in the same batch', async () => {
    const { repeated } = await nudged(orderCreated('a', 'alice', 30, 'sweep-1'), orderCreated('a', 'alice', 30));
    expect(repeated.map(({ nudge }) => nudge)).toEqual(['sweep-1']);
  });

  test('that is received first is not passed on to BalancesUpdated, which has no step to answer', async () => {
    const { receive, outboxRecords } = await createPayments();
    await receive(orderCreated('a', 'alice', 30, 'sweep-1'));
    const record = outboxRecords().find(({ pk }) => pk === `ORDER#${orderId('a')}`);
    expect(parseOutboxRecord(record as Row).map(({ type, nudge }) => [type, nudge])).toEqual([
      ['PaymentAuthorized', 'sweep-1'],
      ['BalancesUpdated', undefined],
    ]);
  });

  test('decides an order that is not decided yet', async () => {
    const { receive, balanceOf, answers } = await createPayments();
    await receive(orderCreated('a', 'alice', 30, 'sweep-1'), orderCreated('a', 'alice', 30));
    await receive(orderCreated('a', 'alice', 30, 'sweep-1'));
    expect(await balanceOf('alice')).toBe(70);
    expect(new Set(answers().map(({ id }) => id))).toEqual(new Set([`PaymentAuthorized:${orderId('a')}`]));
  });
});

describe('a deposit', () => {
  test('is rejected without any write if the balance would exceed its maximum', async () => {
    const { accounts, table, balanceOf } = await createPayments({ alice: MAX_BALANCE - 5 });
    const deposit = (amount: number) =>
      accounts.deposit({ user_id: 'alice', amount }, createRequestIdentity('d', 'alice', 'k', amount), 'request');
    const before = table.all();
    await expect(deposit(6)).rejects.toMatchObject({ code: 'balance_limit', status: 422 });
    expect(table.all()).toEqual(before);
    await deposit(5);
    expect(await balanceOf('alice')).toBe(MAX_BALANCE);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });
});

describe('BalancesUpdated', () => {
  test('is in the outbox record of the last order that is paid, beside its answer', async () => {
    const { receive, outboxRecords } = await createPayments();
    await receive(orderCreated('a', 'alice', 15), orderCreated('b', 'alice', 15), orderCreated('c', 'alice', 1000));
    const records = outboxRecords().filter(({ pk }) => pk.startsWith('ORDER#'));
    expect(records.map((record) => parseOutboxRecord(record).map(({ type }) => type))).toEqual([
      ['PaymentAuthorized'],
      ['PaymentAuthorized', 'BalancesUpdated'],
      ['PaymentDeclined'],
    ]);
    expect(parseOutboxRecord(records[1] as Row)[1]).toMatchObject({
      id: `BalancesUpdated:order:${orderId('b')}`,
      data: { entry_id: `order:${orderId('b')}`, balances: [{ user_id: 'alice', balance: 70, version: 3 }] },
    });
  });

  test('costs no extra write unit: the outbox record stays within 1 KB for the longest user id', async () => {
    const user = 'u'.repeat(64);
    const { receive, outboxRecords } = await createPayments({ [user]: 100_000 });
    await receive(orderCreated('a', user, 15_000));
    const [record] = outboxRecords().filter(({ pk }) => pk.startsWith('ORDER#'));
    const bytes = Object.entries(record as Row).reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(String(value)),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(1024);
  });

  test('is not repeated for a nudge', async () => {
    const { receive, outboxRecords } = await createPayments();
    await receive(orderCreated('a', 'alice', 15));
    await receive(orderCreated('a', 'alice', 15, 'sweep-1'));
    const record = outboxRecords().find(({ sk }) => sk.endsWith('#sweep-1'));
    expect(parseOutboxRecord(record as Row).map(({ type }) => type)).toEqual(['PaymentAuthorized']);
  });

  test('is published for a deposit, and AccountOpened for a new account', async () => {
    const { outboxRecords } = await createPayments({ alice: 5 });
    expect(outboxRecords().flatMap(parseOutboxRecord)).toMatchObject([
      { type: 'AccountOpened', data: { user_id: 'alice' }, correlation_id: 'request' },
      { type: 'BalancesUpdated', data: { balances: [{ user_id: 'alice', balance: 5, version: 1 }] } },
    ]);
  });
});
