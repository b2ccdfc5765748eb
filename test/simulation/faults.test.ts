import { describe, expect, test } from 'vitest';
import { type Write, WriteRefused } from '../../lambdas/shared/store/store.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { Simulation } from '../support/simulation.ts';

async function createShop(users: readonly string[], balance: number, seed = 1) {
  const simulation = new Simulation(seed);
  const post = (route: string, body: unknown) => simulation.runUntilDone(simulation.request(route, { body }));
  for (const user_id of users) {
    await post('POST /payments/accounts', { user_id });
    await post('POST /payments/accounts/deposit', { user_id, amount: balance });
  }
  const placeOrder = async (user_id: string, amount: number) =>
    String((await post('POST /orders', { user_id, amount })).body['id']);
  const getStatus = async (id: string) =>
    (await simulation.runUntilDone(simulation.request('GET /orders/{id}', { path: { id } }))).body['status'];
  /** The successful transactions on the table of payments. A transaction fails if `failures.matches` returns true. */
  const transactions: (readonly Write[])[] = [];
  const failures = { matches: (_: readonly Write[]): boolean => false };
  const { write } = simulation.payments;
  simulation.payments.write = async (writes, token) => {
    if (failures.matches(writes)) throw new Error('the row cannot be written');
    await write(writes, token);
    transactions.push(writes);
  };
  /** Places orders while the queue order-payments is stopped, so that payments receives them together. */
  const whileStopped = async (place: () => Promise<void>) => {
    simulation.queues['order-payments'].stop();
    await place();
    await simulation.runUntilDone(simulation.clock.sleep(1000));
    simulation.queues['order-payments'].start();
    await simulation.settle();
  };
  return { simulation, placeOrder, getStatus, transactions, failures, whileStopped };
}

const writesAccount =
  (user: string) =>
  (writes: readonly Write[]): boolean =>
    writes.some((write) => (write.op === 'put' ? write.row.pk : write.key.pk) === `ACCOUNT#${user}`);

describe('when an account cannot be written', () => {
  test('dead-letters its order with details after five receives, 1, 2, 4 and 8 seconds apart', async () => {
    const { simulation, placeOrder, failures, getStatus } = await createShop(['alice', 'bob'], 100);
    failures.matches = writesAccount('bob');
    const id = await placeOrder('bob', 10);
    await simulation.settle();
    const queue = simulation.queues['order-payments'];
    const times = queue.receives.filter(({ body }) => body.includes(id)).map(({ timeMs }) => timeMs);
    const waitsMs = times.slice(1).map((time, index) => time - Number(times[index]));
    // Each wait also contains the processing time of the step.
    expect(waitsMs.map((ms) => Math.floor(ms / 1000))).toEqual([1, 2, 4, 8]);
    expect(waitsMs.every((ms) => ms % 1000 < 50)).toBe(true);
    expect(queue.dlq).toHaveLength(1);
    expect(queue.dlq[0]?.details).toEqual({
      reason: 'Error: the row cannot be written',
      first_received_at: new Date(Number(times[0])).toISOString(),
      last_received_at: expect.stringMatching(/^2026-01-01T00:00:15/),
      receive_count: 5,
    });
    expect(await getStatus(id)).toBe('NEW');
  });

  test('fails only its own orders; other orders of the same batch are paid at the first receive', async () => {
    const { simulation, placeOrder, failures, getStatus, whileStopped } = await createShop(
      ['alice', 'bob', 'carol'],
      100,
    );
    failures.matches = writesAccount('bob');
    const ids: Record<string, string[]> = { alice: [], bob: [], carol: [] };
    await whileStopped(async () => {
      for (let round = 0; round < 3; round++)
        for (const user of ['alice', 'bob', 'carol']) ids[user]?.push(await placeOrder(user, 10));
    });
    const statusesOf = async (user: string) => Promise.all((ids[user] ?? []).map(getStatus));
    expect(await statusesOf('alice')).toEqual(['FINISHED', 'FINISHED', 'FINISHED']);
    expect(await statusesOf('carol')).toEqual(['FINISHED', 'FINISHED', 'FINISHED']);
    expect(await statusesOf('bob')).toEqual(['NEW', 'NEW', 'NEW']);
    const receivesOf = (user: string) =>
      simulation.queues['order-payments'].receives.filter(({ body }) => body.includes(`"${user}"`)).length;
    expect([receivesOf('alice'), receivesOf('bob'), receivesOf('carol')]).toEqual([3, 15, 3]);
    expect(simulation.queues['order-payments'].dlq).toHaveLength(3);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('finishes its orders if the account can be written before the fifth receive', async () => {
    const { simulation, placeOrder, failures, getStatus } = await createShop(['bob'], 100);
    let remainingFailures = 4;
    failures.matches = (writes) => writesAccount('bob')(writes) && remainingFailures-- > 0;
    const id = await placeOrder('bob', 10);
    await simulation.settle();
    expect(await getStatus(id)).toBe('FINISHED');
    expect(simulation.queues['order-payments'].dlq).toEqual([]);
  });

  test('finishes a dead-lettered order that is redriven after the failure', async () => {
    const { simulation, placeOrder, failures, getStatus } = await createShop(['bob'], 100);
    failures.matches = writesAccount('bob');
    const id = await placeOrder('bob', 10);
    await simulation.settle();
    failures.matches = () => false;
    const queue = simulation.queues['order-payments'];
    for (const { body } of queue.dlq) queue.send(body);
    await simulation.settle();
    expect(await getStatus(id)).toBe('FINISHED');
  });
});

describe('orders that are paid from one account', () => {
  test('take one transaction per batch of ten', async () => {
    const { placeOrder, transactions, whileStopped, getStatus } = await createShop(['alice'], 1000);
    const ids: string[] = [];
    await whileStopped(async () => {
      for (let count = 0; count < 10; count++) ids.push(await placeOrder('alice', 100));
    });
    expect(transactions).toHaveLength(1);
    expect(await Promise.all(ids.map(getStatus))).toEqual(ids.map(() => 'FINISHED'));
  });

  test('take fewer transactions than the same number of orders of ten accounts', async () => {
    const oneAccount = await createShop(['alice'], 1000);
    await oneAccount.whileStopped(async () => {
      for (let count = 0; count < 50; count++) await oneAccount.placeOrder('alice', 10);
    });
    expect(oneAccount.simulation.queues['order-payments'].isIdle).toBe(true);
    const users = Array.from({ length: 10 }, (_, index) => `user${index}`);
    const tenAccounts = await createShop(users, 1000);
    await tenAccounts.whileStopped(async () => {
      for (let count = 0; count < 50; count++) await tenAccounts.placeOrder(String(users[count % 10]), 10);
    });
    expect(oneAccount.transactions.length).toBeLessThan(tenAccounts.transactions.length);
    expect(findLedgerErrors(oneAccount.simulation.payments.all())).toEqual([]);
  });
});

describe('an outage', () => {
  test('of a table for an hour ends with each order paid once, even if some writes succeed without a response', async () => {
    const { simulation, placeOrder, getStatus } = await createShop(['alice'], 100);
    const end = simulation.clock.now() + 3_600_000;
    const { write } = simulation.payments;
    simulation.payments.write = async (writes, token) => {
      const isUnavailable = simulation.clock.now() < end;
      // One percent of the writes during the outage succeed, but their response is lost.
      if (!isUnavailable || simulation.clock.random() < 0.01) await write(writes, token);
      if (isUnavailable) throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
    };
    const ids: string[] = [];
    for (let count = 0; count < 10; count++) ids.push(await placeOrder('alice', 10));
    await simulation.settle();
    expect(await Promise.all(ids.map(getStatus))).toEqual(ids.map(() => 'FINISHED'));
    expect(simulation.queues['order-payments'].dlq).toEqual([]);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
    // The longest requeue delay is two minutes.
    expect(simulation.clock.now()).toBeLessThan(end + 125_000);
  });

  test.each(['hangs', 'throttles'] as const)(
    'in which a table %s for an hour ends no function at its timeout, and each order is paid once',
    async (failure) => {
      const { simulation, placeOrder, getStatus } = await createShop(['alice'], 100);
      const end = simulation.clock.now() + 3_600_000;
      simulation.faults.tableFails = ({ table, nowMs }) => (table === 'payments' && nowMs < end ? failure : undefined);
      const ids: string[] = [];
      for (let count = 0; count < 10; count++) ids.push(await placeOrder('alice', 10));
      await simulation.settle();
      const queue = simulation.queues['order-payments'];
      expect([queue.crashes, queue.dlq]).toEqual([[], []]);
      expect(await Promise.all(ids.map(getStatus))).toEqual(ids.map(() => 'FINISHED'));
      expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
      expect(simulation.clock.now()).toBeLessThan(end + 125_000);
    },
  );

  test('of the bus for three hours loses no event: every order ends afterwards', async () => {
    const end = Date.parse('2026-01-01T03:00:00Z');
    const simulation = new Simulation(5, { busFails: (_, now) => now < end });
    const post = (route: string, body: unknown) => simulation.runUntilDone(simulation.request(route, { body }));
    await post('POST /payments/accounts', { user_id: 'alice' });
    await post('POST /payments/accounts/deposit', { user_id: 'alice', amount: 100 });
    const ids: string[] = [];
    for (let count = 0; count < 20; count++)
      ids.push(String((await post('POST /orders', { user_id: 'alice', amount: 5 })).body['id']));
    await simulation.settle();
    for (const id of ids) {
      const order = simulation.request('GET /orders/{id}', { path: { id } });
      expect((await simulation.runUntilDone(order)).body['status']).toBe('FINISHED');
    }
    expect(simulation.queues['outbox-retry'].dlq).toEqual([]);
    // The longest wait before a retry is 900 s.
    expect(simulation.clock.now()).toBeLessThan(end + 910_000);
  });
});

test('2000 orders of 100 users end, and the ledger has no errors', async () => {
  const users = Array.from({ length: 100 }, (_, index) => `user${index}`);
  const { simulation } = await createShop(users, 100, 9);
  const orderCount = 2000;
  const startedAt = performance.now();
  const placing = Array.from({ length: orderCount }, (_, index) =>
    simulation.request('POST /orders', { body: { user_id: users[index % 100], amount: 10 } }),
  );
  const responses = await simulation.runUntilDone(Promise.all(placing));
  await simulation.settle();
  const seconds = (performance.now() - startedAt) / 1000;
  const ordersPerSecond = Math.round(orderCount / seconds);
  console.log(`simulation: ${orderCount} orders in ${seconds.toFixed(2)} s, ${ordersPerSecond} orders a second`);
  expect(responses.filter(({ status }) => status === 201)).toHaveLength(orderCount);
  const statuses = simulation.orders
    .all()
    .filter(({ sk }) => sk === 'STATE')
    .map(({ state }) => (state as { status: string }).status);
  expect(statuses.filter((status) => status === 'FINISHED')).toHaveLength(1000);
  expect(statuses.filter((status) => status === 'CANCELLED')).toHaveLength(1000);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
});
