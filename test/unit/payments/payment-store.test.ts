import { describe, expect, test } from 'vitest';
import { MAX_AMOUNT, MAX_BALANCE } from '../../../events/money.ts';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { RefundRequested } from '../../../events/orders/refund-requested.ts';
import { handler as onOrderPayments } from '../../../lambdas/payments/on-order-payments.ts';
import {
  type OrderCreatedEvent,
  paymentStore,
  type RefundRequestedEvent,
} from '../../../lambdas/payments/payment-store.ts';
import { createRequestIdentity } from '../../../lambdas/shared/http/idempotency.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { noFaults } from '../../../lambdas/shared/runtime/chaos-setting.ts';
import type { Row, Store, Write } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon, RecordingQueue, sqsRecord } from '../../support/fixtures.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const orderId = (letter: string) => letter.repeat(26);
const created = (letter: string, user_id: string, amount: number, nudge?: string) =>
  OrderCreated.make(
    { order_id: orderId(letter), user_id, amount, created_at: new Date(noon).toISOString() },
    { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'request', nudge },
  ) as OrderCreatedEvent;

/** The payments of a shop in memory, with every transaction noted. */
async function shop(balances: Readonly<Record<string, number>> = { alice: 100 }) {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  const broken = new Set<string>();
  const store: Store = {
    ...table,
    write: async (writes, token) => {
      if (writes.some((write) => broken.has('key' in write ? write.key.pk : write.row.pk))) throw new Error('broken');
      transactions.push(writes);
      await table.write(writes, token);
    },
  };
  const clock = createSteppingClock();
  const payments = paymentStore({ store, clock, deadlineMs: noon + 5000 });
  for (const [user, balance] of Object.entries(balances)) {
    await payments.open({ user_id: user }, createRequestIdentity('open', user, undefined, user), 'request');
    for (let left = balance; left > 0; left -= MAX_AMOUNT)
      await payments.deposit(
        user,
        Math.min(left, MAX_AMOUNT),
        createRequestIdentity('deposit', user, undefined, left),
        'request',
      );
  }
  transactions.length = 0;
  const queue = new RecordingQueue();
  const run = onOrderPayments.withRuntime({
    createDeps: ({ deadlineMs }) => ({ payments: paymentStore({ store, clock, deadlineMs }) }),
    queue,
    clock,
    chaos: async () => noFaults,
  });
  return {
    table,
    transactions,
    broken,
    queue,
    payments,
    receive: async (...events: unknown[]) =>
      (
        await run({ Records: events.map((event, at) => sqsRecord(`m${at}`, event)) }, 'order-payments', 10_000)
      ).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
    balance: async (user: string) => (await payments.account(user)).balance,
    answers: () =>
      table
        .all()
        .filter(({ sk }) => sk.startsWith('OUTBOX#'))
        .flatMap(parseOutboxRecord)
        .filter(({ type }) => /^Payment/.test(type)),
    records: () => table.all().filter(({ sk }) => sk.startsWith('OUTBOX#')),
  };
}

describe('a refund', () => {
  const asked = (letter: string, user_id: string) =>
    RefundRequested.make(
      { order_id: orderId(letter), user_id, amount: 70, reason: 'requested' },
      { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'request' },
    ) as RefundRequestedEvent;
  const call = { deadlineMs: noon + 5000, createReceipt: () => ({}), messageIdOf: () => '-' };

  test('goes to whom the order was taken from, once, and to nobody else', async () => {
    const { receive, payments, balance, table } = await shop({ alice: 100, mallory: 0 });
    await receive(created('a', 'alice', 70));
    await expect(payments.refund(asked('a', 'mallory'), call)).rejects.toMatchObject({ code: 'nothing_to_refund' });
    for (let time = 0; time < 2; time++) await payments.refund(asked('a', 'alice'), call);
    expect([await balance('alice'), await balance('mallory')]).toEqual([100, 0]);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });
});

describe('orders that wait in one batch', () => {
  test('of one account cost one transaction, and are decided in their order', async () => {
    const { receive, transactions, balance, answers, table } = await shop();
    const letters = [...'abcdefghij'];
    expect(await receive(...letters.map((letter) => created(letter, 'alice', 15)))).toEqual([]);
    expect(transactions).toHaveLength(1);
    // one account, and for each order its decision and its answer
    expect(transactions[0]).toHaveLength(21);
    expect(await balance('alice')).toBe(10);
    expect(
      answers()
        .filter(({ type }) => type === 'PaymentAuthorized')
        .map(({ correlation_id }) => correlation_id),
    ).toEqual(letters.slice(0, 6).map(orderId));
    expect(answers().filter(({ type }) => type === 'PaymentDeclined')).toHaveLength(4);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('of several accounts cost one transaction each, and one account’s trouble fails its own messages only', async () => {
    const { receive, broken, transactions, balance, queue } = await shop({ alice: 100, bob: 100, carol: 100 });
    broken.add('ACCOUNT#bob');
    const batch = [
      created('a', 'alice', 10),
      created('b', 'bob', 10),
      created('c', 'carol', 10),
      created('d', 'bob', 20),
      'poison',
      created('e', 'alice', 20),
    ];
    expect(await receive(...batch)).toEqual(['m1', 'm3']);
    expect(transactions).toHaveLength(2);
    expect([await balance('alice'), await balance('bob'), await balance('carol')]).toEqual([70, 100, 90]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
    expect(queue.visibilityChanges.flat().map(({ id, seconds }) => [id, seconds])).toEqual([
      ['m1', 1],
      ['m3', 1],
    ]);
  });

  test('that are all the same order are paid once', async () => {
    const { receive, balance, answers } = await shop();
    expect(await receive(...Array.from({ length: 10 }, () => created('a', 'alice', 30)))).toEqual([]);
    expect(await receive(...Array.from({ length: 10 }, () => created('a', 'alice', 30)))).toEqual([]);
    expect(await balance('alice')).toBe(70);
    expect(answers()).toHaveLength(1);
  });

  test('of nobody are declined, each with a decision of its own', async () => {
    const { receive, table, answers } = await shop({});
    await receive(created('a', 'nobody', 1), created('b', 'nobody', 2));
    expect(answers().map(({ data }) => data)).toEqual([
      { order_id: orderId('a'), user_id: 'nobody', amount: 1, reason: 'account_not_found' },
      { order_id: orderId('b'), user_id: 'nobody', amount: 2, reason: 'account_not_found' },
    ]);
    expect(table.all().filter(({ sk }) => sk === 'PAYMENT')).toHaveLength(2);
  });
});

describe('a decision', () => {
  test('holds its receipt and never expires', async () => {
    const { receive, table } = await shop();
    await receive(created('a', 'alice', 10), created('b', 'alice', 1000));
    for (const letter of ['a', 'b']) {
      const row = await table.get({ pk: `ORDER#${orderId(letter)}`, sk: 'PAYMENT' });
      expect(row).toMatchObject({
        decision: letter === 'a' ? 'authorized' : 'declined',
        receipts: { [`OrderCreated:${orderId(letter)}`]: { consumer: 'order-payments', receive_count: 1 } },
      });
      expect(row).not.toHaveProperty('expires_at');
    }
  });

  test('stands even when the account is filled before the order comes again', async () => {
    const { receive, payments, balance, answers } = await shop();
    await receive(created('a', 'alice', 150));
    await payments.deposit('alice', 1000, createRequestIdentity('deposit', 'alice', 'k', 1), 'request');
    await receive(created('a', 'alice', 150));
    expect(await balance('alice')).toBe(1100);
    expect(answers().map(({ type }) => type)).toEqual(['PaymentDeclined']);
  });
});

describe('a nudge', () => {
  const nudged = async (...events: unknown[]) => {
    const its = await shop();
    await its.receive(created('a', 'alice', 30));
    const [first] = its.answers();
    await its.receive(...events);
    return { ...its, first, again: its.answers().slice(1) };
  };

  test('is answered again from the decision: the same id, the same words, and nothing is paid', async () => {
    const { first, again, balance } = await nudged(created('a', 'alice', 30, 'sweep-1'));
    expect(again).toEqual([expect.objectContaining({ id: first?.id, data: first?.data, nudge: 'sweep-1' })]);
    expect(await balance('alice')).toBe(70);
  });

  test('is answered once, however often it comes, and each nudge by itself', async () => {
    const { again, receive, answers } = await nudged(
      created('a', 'alice', 30, 'sweep-1'),
      created('a', 'alice', 30, 'sweep-1'),
      created('a', 'alice', 30, 'sweep-2'),
    );
    expect(again.map(({ nudge }) => nudge).sort()).toEqual(['sweep-1', 'sweep-2']);
    await receive(created('a', 'alice', 30, 'sweep-2'));
    expect(answers()).toHaveLength(3);
  });

  test('is answered even where an ordinary duplicate waits beside it', async () => {
    const { again } = await nudged(created('a', 'alice', 30, 'sweep-1'), created('a', 'alice', 30));
    expect(again.map(({ nudge }) => nudge)).toEqual(['sweep-1']);
  });

  test('of an order that is not decided yet is its decision', async () => {
    const { receive, balance, answers } = await shop();
    await receive(created('a', 'alice', 30, 'sweep-1'), created('a', 'alice', 30));
    await receive(created('a', 'alice', 30, 'sweep-1'));
    expect(await balance('alice')).toBe(70);
    expect(new Set(answers().map(({ id }) => id))).toEqual(new Set([`PaymentAuthorized:${orderId('a')}`]));
  });
});

describe('a deposit', () => {
  test('that would pass what an account may hold is refused, and leaves nothing', async () => {
    const { payments, table, balance } = await shop({ alice: MAX_BALANCE - 5 });
    const before = table.all();
    await expect(
      payments.deposit('alice', 6, createRequestIdentity('d', 'alice', 'k', 6), 'request'),
    ).rejects.toMatchObject({
      code: 'balance_limit',
      status: 422,
    });
    expect(table.all()).toEqual(before);
    await payments.deposit('alice', 5, createRequestIdentity('d', 'alice', 'k', 5), 'request');
    expect(await balance('alice')).toBe(MAX_BALANCE);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });
});

describe('a change of a balance', () => {
  test('is told beside the answer of the last order that it pays, in the same record', async () => {
    const { receive, records } = await shop();
    await receive(created('a', 'alice', 15), created('b', 'alice', 15), created('c', 'alice', 1000));
    const told = records().filter(({ pk }) => pk.startsWith('ORDER#'));
    expect(told.map((record) => parseOutboxRecord(record).map(({ type }) => type))).toEqual([
      ['PaymentAuthorized'],
      ['PaymentAuthorized', 'BalancesUpdated'],
      ['PaymentDeclined'],
    ]);
    expect(parseOutboxRecord(told[1] as Row)[1]).toMatchObject({
      id: `BalancesUpdated:order:${orderId('b')}`,
      data: { entry_id: `order:${orderId('b')}`, balances: [{ user_id: 'alice', balance: 70, version: 3 }] },
    });
  });

  test('of a plain order costs no write unit more: the record stays within 1 KB, whatever the name', async () => {
    const user = 'u'.repeat(64);
    const { receive, records } = await shop({ [user]: 100_000 });
    await receive(created('a', user, 15_000));
    const [record] = records().filter(({ pk }) => pk.startsWith('ORDER#'));
    const bytes = Object.entries(record as Row).reduce(
      (sum, [name, value]) => sum + Buffer.byteLength(name) + Buffer.byteLength(String(value)),
      0,
    );
    expect(bytes).toBeLessThanOrEqual(1024);
  });

  test('is not told again to a nudge', async () => {
    const { receive, records } = await shop();
    await receive(created('a', 'alice', 15));
    await receive(created('a', 'alice', 15, 'sweep-1'));
    const again = records().find(({ sk }) => sk.endsWith('#sweep-1'));
    expect(parseOutboxRecord(again as Row).map(({ type }) => type)).toEqual(['PaymentAuthorized']);
  });

  test('by a deposit, and an account that was opened, are told as well', async () => {
    const { records } = await shop({ alice: 5 });
    expect(records().flatMap(parseOutboxRecord)).toMatchObject([
      { type: 'AccountOpened', data: { user_id: 'alice' }, correlation_id: 'request' },
      { type: 'BalancesUpdated', data: { balances: [{ user_id: 'alice', balance: 5, version: 1 }] } },
    ]);
  });
});
