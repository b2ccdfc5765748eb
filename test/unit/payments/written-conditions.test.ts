import { describe, expect, test } from 'vitest';
import {
  context,
  createPayments,
  createPaymentsOf,
  orderCreated,
  orderId,
  refundRequested,
  tick,
  tickPlanned,
} from '../../support/payment-fixture.ts';

const [a, b] = [orderId('a'), orderId('b')];

describe('payments write', () => {
  test('a new account and a deposit only if they are absent, and the account under its version', async () => {
    const { open, deposit, takeTransactions } = createPayments();
    await open('alice');
    await deposit(100);
    await deposit(10, 'd2');
    expect(takeTransactions()).toEqual([
      ['put ACCOUNT#alice STATE if absent, decides', 'put ACCOUNT#alice OUTBOX#AccountOpened:alice if absent, expires'],
      [
        'update ACCOUNT#alice STATE if version 0',
        'put DEPOSIT#d1 ENTRY if absent',
        'put DEPOSIT#d1 OUTBOX#BalancesUpdated:deposit:d1 if absent, expires',
      ],
      [
        'update ACCOUNT#alice STATE if version 1',
        'put DEPOSIT#d2 ENTRY if absent',
        'put DEPOSIT#d2 OUTBOX#BalancesUpdated:deposit:d2 if absent, expires',
      ],
    ]);
  });

  test('each decision of a batch only if it is absent, without a TTL', async () => {
    const { payments, takeTransactions } = await createPaymentsOf(100);
    await payments.pay([orderCreated('a', 70), orderCreated('b', 70)], context);
    expect(takeTransactions()).toEqual([
      [
        'update ACCOUNT#alice STATE if version 1',
        `put ORDER#${a} PAYMENT if absent`,
        `put ORDER#${b} PAYMENT if absent`,
        `put ORDER#${a} OUTBOX#PaymentAuthorized:${a} if absent, expires`,
        `put ORDER#${b} OUTBOX#PaymentDeclined:${b} if absent, expires`,
      ],
    ]);
  });

  test('a refund only if it is absent, without a TTL, and its answer to a nudge once for each nudge', async () => {
    const { payments, takeTransactions } = await createPaymentsOf(100);
    await payments.pay([orderCreated('a', 70)], context);
    takeTransactions();
    await payments.refund(refundRequested('a', 70), context);
    await payments.refund(refundRequested('a', 70, 'sweep-1'), context);
    expect(takeTransactions()).toEqual([
      [
        'update ACCOUNT#alice STATE if version 2',
        `put ORDER#${a} REFUND if absent, decides`,
        `put ORDER#${a} OUTBOX#PaymentRefunded:${a} if absent, expires`,
      ],
      [`put ORDER#${a} OUTBOX#PaymentRefunded:${a}#sweep-1 if absent, decides, expires`],
    ]);
  });

  test('the chunk of an enrolled account and the programme under their versions', async () => {
    const { open, takeTransactions } = createPayments();
    await open('alice', true);
    await open('bob', true);
    expect(takeTransactions().map((writes) => writes.filter((write) => !write.includes('ACCOUNT#')))).toEqual([
      ['put CHUNK#0 STATE if absent', 'put PROGRAMME STATE if absent'],
      ['update CHUNK#0 STATE if version 1'],
    ]);
  });

  test('seeded users only if they are absent, and the reservation of their chunks under its version', async () => {
    const { programme, takeTransactions } = createPayments();
    await programme.reserveChunks(7, 1);
    await programme.reserveChunks(7, 2);
    await programme.seedChunk(7, 0, ['u7-000001', 'u7-000002']);
    await programme.seedChunk(7, 0, ['u7-000001', 'u7-000002', 'u7-000003']);
    expect(takeTransactions()).toEqual([
      ['put PROGRAMME STATE if absent', 'put PROGRAMME SEED#7 if absent'],
      ['update PROGRAMME STATE if version 1', 'update PROGRAMME SEED#7 if version 1'],
      [
        'put ACCOUNT#u7-000001 STATE if absent',
        'put ACCOUNT#u7-000002 STATE if absent',
        'put CHUNK#0 STATE if absent',
        'put CHUNK#0 SEED#0 if absent',
        'put CHUNK#0 OUTBOX#BalancesUpdated:seed:0:0 if absent, expires',
      ],
      [
        'put ACCOUNT#u7-000003 STATE if absent',
        'update CHUNK#0 STATE if version 1',
        'put CHUNK#0 SEED#2 if absent',
        'put CHUNK#0 OUTBOX#BalancesUpdated:seed:0:2 if absent, expires',
      ],
    ]);
  });

  test('the entry of a tick only if it is absent, and its accounts under their versions', async () => {
    const { programme, takeTransactions } = createPayments();
    await programme.reserveChunks(7, 1);
    await programme.seedChunk(7, 0, ['u7-000001', 'u7-000002']);
    takeTransactions();
    await programme.applyTick(tickPlanned);
    expect(takeTransactions()).toEqual([
      [
        'update ACCOUNT#u7-000001 STATE if version 1',
        'update ACCOUNT#u7-000002 STATE if version 1',
        `put CHUNK#0 TICK#${tick} if absent, decides`,
        `put CHUNK#0 OUTBOX#BalancesUpdated:tick:${tick}:0 if absent, expires`,
      ],
    ]);
  });

  test('the entry of a deferred account only if it is absent, also if its balance cannot change', async () => {
    const { table, programme, takeTransactions } = createPayments();
    await programme.reserveChunks(7, 1);
    await programme.seedChunk(7, 0, ['u7-000001', 'u7-000002']);
    // The draw of this tick lowers the balance of the first user, which is empty, and raises that of the second.
    const empty = { pk: 'ACCOUNT#u7-000001', sk: 'STATE' };
    await table.write([{ op: 'put', row: { ...(await table.get(empty)), ...empty, balance: 0 } }], 'emptied');
    const entry = { pk: 'CHUNK#0', sk: `TICK#${tick}`, deferred: ['u7-000001', 'u7-000002'] };
    await table.write([{ op: 'put', row: entry }], 'crashed');
    takeTransactions();
    for (let delivery = 0; delivery < 2; delivery++) await programme.applyTick(tickPlanned);
    expect(takeTransactions()).toEqual([
      [`put ACCOUNT#u7-000001 TICK#${tick} if absent`],
      [
        'update ACCOUNT#u7-000002 STATE if version 1',
        `put ACCOUNT#u7-000002 TICK#${tick} if absent`,
        `put ACCOUNT#u7-000002 OUTBOX#BalancesUpdated:tick:${tick}:0:u7-000002 if absent, expires`,
      ],
    ]);
  });
});
