import { describe, expect, test } from 'vitest';
import { type Write, WriteRefused } from '../../lambdas/shared/store/store.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { Simulation } from '../support/simulation.ts';

async function shopOf(users: readonly string[], balance: number, seed = 1) {
  const world = new Simulation(seed);
  const post = (door: string, body: unknown) => world.runUntilDone(world.request(door, { body }));
  for (const user_id of users) {
    await post('POST /payments/accounts', { user_id });
    await post('POST /payments/accounts/deposit', { user_id, amount: balance });
  }
  const order = async (user_id: string, amount: number) =>
    String((await post('POST /orders', { user_id, amount })).body['id']);
  const statusOf = async (id: string) =>
    (await world.runUntilDone(world.request('GET /orders/{id}', { path: { id } }))).body['status'];
  /** Every transaction upon payments, which may be made to fail. */
  const transactions: (readonly Write[])[] = [];
  const trouble = { strikes: (_: readonly Write[]): boolean => false };
  const write = world.payments.write;
  world.payments.write = async (writes, token) => {
    if (trouble.strikes(writes)) throw new Error('the row is locked away');
    await write(writes, token);
    transactions.push(writes);
  };
  /** Orders that have arrived together when payments opens. */
  const whileClosed = async (place: () => Promise<void>) => {
    world.queues['order-payments'].stop();
    await place();
    await world.runUntilDone(world.clock.sleep(1000));
    world.queues['order-payments'].start();
    await world.settle();
  };
  return { world, order, statusOf, transactions, trouble, whileClosed };
}
const touches =
  (user: string) =>
  (writes: readonly Write[]): boolean =>
    writes.some((one) => (one.op === 'put' ? one.row.pk : one.key.pk) === `ACCOUNT#${user}`);

describe('when one account cannot be written', () => {
  test('its order is received five times, after 1, 2, 4 and 8 seconds, and then lies in the DLQ with its reason', async () => {
    const { world, order, trouble, statusOf } = await shopOf(['alice', 'bob'], 100);
    trouble.strikes = touches('bob');
    const id = await order('bob', 10);
    await world.settle();
    const queue = world.queues['order-payments'];
    const times = queue.receivedAt.filter(({ body }) => body.includes(id)).map(({ at }) => at);
    const waits = times.slice(1).map((at, place) => at - Number(times[place]));
    // what the step itself takes of time comes on top
    expect(waits.map((ms) => Math.floor(ms / 1000))).toEqual([1, 2, 4, 8]);
    expect(waits.every((ms) => ms % 1000 < 50)).toBe(true);
    expect(queue.dlq).toHaveLength(1);
    expect(queue.dlq[0]?.details).toEqual({
      reason: 'Error: the row is locked away',
      first_received_at: new Date(Number(times[0])).toISOString(),
      last_received_at: expect.stringMatching(/^2026-01-01T00:00:15/),
      receive_count: 5,
    });
    expect(await statusOf(id)).toBe('NEW');
  });

  test('only its own orders fail: those of others in the same batch are paid at once', async () => {
    const { world, order, trouble, statusOf, whileClosed } = await shopOf(['alice', 'bob', 'carol'], 100);
    trouble.strikes = touches('bob');
    const ids: Record<string, string[]> = { alice: [], bob: [], carol: [] };
    await whileClosed(async () => {
      for (let round = 0; round < 3; round++)
        for (const user of ['alice', 'bob', 'carol']) ids[user]?.push(await order(user, 10));
    });
    const endings = async (user: string) => Promise.all((ids[user] ?? []).map(statusOf));
    expect(await endings('alice')).toEqual(['FINISHED', 'FINISHED', 'FINISHED']);
    expect(await endings('carol')).toEqual(['FINISHED', 'FINISHED', 'FINISHED']);
    expect(await endings('bob')).toEqual(['NEW', 'NEW', 'NEW']);
    const received = (user: string) =>
      world.queues['order-payments'].receivedAt.filter(({ body }) => body.includes(`"${user}"`)).length;
    expect([received('alice'), received('bob'), received('carol')]).toEqual([3, 15, 3]);
    expect(world.queues['order-payments'].dlq).toHaveLength(3);
    expect(findLedgerErrors(world.payments.all())).toEqual([]);
  });

  test('its orders are paid after all where the trouble ends before the fifth time', async () => {
    const { world, order, trouble, statusOf } = await shopOf(['bob'], 100);
    let strikes = 4;
    trouble.strikes = (writes) => touches('bob')(writes) && strikes-- > 0;
    const id = await order('bob', 10);
    await world.settle();
    expect(await statusOf(id)).toBe('FINISHED');
    expect(world.queues['order-payments'].dlq).toEqual([]);
  });

  test('a message from the DLQ, sent again after the trouble, is processed as if nothing had been', async () => {
    const { world, order, trouble, statusOf } = await shopOf(['bob'], 100);
    trouble.strikes = touches('bob');
    const id = await order('bob', 10);
    await world.settle();
    trouble.strikes = () => false;
    for (const { body } of world.queues['order-payments'].dlq) world.queues['order-payments'].send(body);
    await world.settle();
    expect(await statusOf(id)).toBe('FINISHED');
  });
});

describe('orders that wait for one account’s money', () => {
  test('cost one transaction for each batch of ten', async () => {
    const { order, transactions, whileClosed, statusOf } = await shopOf(['alice'], 1000);
    const ids: string[] = [];
    await whileClosed(async () => {
      for (let count = 0; count < 10; count++) ids.push(await order('alice', 100));
    });
    expect(transactions).toHaveLength(1);
    expect(await Promise.all(ids.map(statusOf))).toEqual(ids.map(() => 'FINISHED'));
  });

  test('cost a hot account fewer transactions than ten cold ones', async () => {
    const hot = await shopOf(['alice'], 1000);
    await hot.whileClosed(async () => {
      for (let count = 0; count < 50; count++) await hot.order('alice', 10);
    });
    expect(hot.world.queues['order-payments'].isIdle).toBe(true);
    const users = Array.from({ length: 10 }, (_, at) => `user${at}`);
    const cold = await shopOf(users, 1000);
    await cold.whileClosed(async () => {
      for (let count = 0; count < 50; count++) await cold.order(String(users[count % 10]), 10);
    });
    expect(hot.transactions.length).toBeLessThan(cold.transactions.length);
    expect(findLedgerErrors(hot.world.payments.all())).toEqual([]);
  });
});

test('a table that is away for an hour, and writes at times without a word, buries nothing and doubles nothing', async () => {
  const { world, order, statusOf } = await shopOf(['alice'], 100);
  const end = world.clock.now() + 3_600_000;
  const { write } = world.payments;
  world.payments.write = async (writes, token) => {
    const isAway = world.clock.now() < end;
    // it has written, and nobody hears of it
    if (!isAway || world.clock.random() < 0.01) await write(writes, token);
    if (isAway) throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
  };
  const ids: string[] = [];
  for (let count = 0; count < 10; count++) ids.push(await order('alice', 10));
  await world.settle();
  expect(await Promise.all(ids.map(statusOf))).toEqual(ids.map(() => 'FINISHED'));
  expect(world.queues['order-payments'].dlq).toEqual([]);
  expect(findLedgerErrors(world.payments.all())).toEqual([]);
  // the last pause is two minutes
  expect(world.clock.now()).toBeLessThan(end + 125_000);
});

test('a bus that is away for three hours loses nothing: every order ends when it is back', async () => {
  const end = Date.parse('2026-01-01T03:00:00Z');
  const world = new Simulation(5, { busFails: (_, now) => now < end });
  const post = (door: string, body: unknown) => world.runUntilDone(world.request(door, { body }));
  await post('POST /payments/accounts', { user_id: 'alice' });
  await post('POST /payments/accounts/deposit', { user_id: 'alice', amount: 100 });
  const ids: string[] = [];
  for (let count = 0; count < 20; count++)
    ids.push(String((await post('POST /orders', { user_id: 'alice', amount: 5 })).body['id']));
  await world.settle();
  for (const id of ids)
    expect((await world.runUntilDone(world.request('GET /orders/{id}', { path: { id } }))).body['status']).toBe(
      'FINISHED',
    );
  expect(world.queues['outbox-retry'].dlq).toEqual([]);
  // the last wait before the end is 900 s at most
  expect(world.clock.now()).toBeLessThan(end + 910_000);
});

test('thousands of orders of a hundred customers end, and the books are right', async () => {
  const users = Array.from({ length: 100 }, (_, at) => `user${at}`);
  const { world } = await shopOf(users, 100, 9);
  const orders = 2000;
  const started = performance.now();
  const replies = await world.runUntilDone(
    Promise.all(
      Array.from({ length: orders }, (_, at) =>
        world.request('POST /orders', { body: { user_id: users[at % 100], amount: 10 } }),
      ),
    ),
  );
  await world.settle();
  const seconds = (performance.now() - started) / 1000;
  console.log(
    `simulation: ${orders} orders in ${seconds.toFixed(2)} s, ${Math.round(orders / seconds)} orders a second`,
  );
  expect(replies.filter(({ status }) => status === 201)).toHaveLength(orders);
  const states = world.orders.all().filter(({ sk }) => sk === 'STATE');
  expect(states.filter(({ state }) => (state as { status: string }).status === 'FINISHED')).toHaveLength(1000);
  expect(states.filter(({ state }) => (state as { status: string }).status === 'CANCELLED')).toHaveLength(1000);
  expect(findLedgerErrors(world.payments.all())).toEqual([]);
});
