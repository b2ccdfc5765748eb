import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Reply, Simulation } from '../support/simulation.ts';

const post = (world: Simulation, door: string, body: unknown, key?: string): Promise<Reply> =>
  world.request(door, { body, ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }) });

/** A shop with one customer, who has so much to spend. */
async function shopWith(balance: number, seed = 1, faults: ConstructorParameters<typeof Simulation>[1] = {}) {
  const world = new Simulation(seed, faults);
  const now = <T>(work: Promise<T>): Promise<T> => world.runUntilDone(work);
  await now(post(world, 'POST /payments/accounts', { user_id: 'alice' }));
  const deposit = (amount: number) => now(post(world, 'POST /payments/accounts/deposit', { user_id: 'alice', amount }));
  if (balance > 0) await deposit(balance);
  const order = async (amount: number) =>
    String((await now(post(world, 'POST /orders', { user_id: 'alice', amount }))).body['id']);
  const show = async (id: string) => (await now(world.request('GET /orders/{id}', { path: { id } }))).body;
  const balanceOf = async () =>
    (await now(world.request('GET /payments/accounts/{user_id}/balance', { path: { user_id: 'alice' } }))).body[
      'balance'
    ];
  const journal = () => world.payments.all().filter((row) => Array.isArray(row['postings']));
  /** What the shop holds of orders and money: a repeat must leave all of it as it is. */
  const state = () =>
    [...world.payments.all(), ...world.orders.all()].sort((one, other) =>
      `${one.pk}/${one.sk}` < `${other.pk}/${other.sk}` ? -1 : 1,
    );
  const createdOf = (id: string) =>
    world.published.find((event) => event.id === `OrderCreated:${id}`) as Envelope<OrderCreated>;
  return { world, now, deposit, order, show, balanceOf, journal, state, createdOf };
}

/** All of them before anybody has time to receive one, so that the queue hands them over in batches. */
function deliverTogether(world: Simulation, events: readonly Envelope[]): void {
  world.queues['order-payments'].stop();
  for (const event of events) world.deliver(event);
  world.queues['order-payments'].start();
}

describe('the same OrderCreated, delivered again', () => {
  test.each([1500, 2500])('20 times, one after the other, changes nothing (an order of %i)', async (amount) => {
    const { world, order, createdOf, state, show, balanceOf } = await shopWith(2000);
    const id = await order(amount);
    await world.settle();
    const [before, shown, balance] = [state(), await show(id), await balanceOf()];
    for (let time = 0; time < 20; time++) {
      world.deliver(createdOf(id));
      await world.settle();
    }
    expect(state()).toEqual(before);
    expect(await show(id)).toEqual(shown);
    expect(await balanceOf()).toBe(balance);
  });

  test.each([1500, 2500])('20 times at once changes nothing (an order of %i)', async (amount) => {
    const { world, order, createdOf, state } = await shopWith(2000);
    const id = await order(amount);
    await world.settle();
    const before = state();
    deliverTogether(
      world,
      Array.from({ length: 20 }, () => createdOf(id)),
    );
    await world.settle();
    expect(state()).toEqual(before);
    expect(world.queues['order-payments'].dlq).toEqual([]);
  });

  test('20 times in its very first batches is paid once', async () => {
    const { world, order, createdOf, balanceOf, journal, show } = await shopWith(2000);
    world.queues['order-payments'].stop();
    const id = await order(700);
    await world.clock.runUntil(() => world.published.some((event) => event.id === `OrderCreated:${id}`));
    for (let time = 0; time < 20; time++) world.deliver(createdOf(id));
    world.queues['order-payments'].start();
    await world.settle();
    expect(await balanceOf()).toBe(1300);
    expect(journal().filter(({ pk }) => pk === `ORDER#${id}`)).toHaveLength(1);
    expect(await show(id)).toMatchObject({ status: 'FINISHED' });
    expect(world.published.filter(({ type }) => type === 'PaymentAuthorized')).toHaveLength(1);
  });

  test('after a deposit revives no order that was declined: still cancelled, nothing debited', async () => {
    const { world, order, deposit, createdOf, show, balanceOf } = await shopWith(100);
    const id = await order(150);
    await world.settle();
    const cancelled = await show(id);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    await deposit(1000);
    for (let time = 0; time < 3; time++) world.deliver(createdOf(id));
    await world.settle();
    expect(await show(id)).toEqual(cancelled);
    expect(await balanceOf()).toBe(1100);
  });

  test('with another amount in it, by whatever mistake, changes nothing either', async () => {
    const { world, order, createdOf, state } = await shopWith(2000);
    const id = await order(700);
    await world.settle();
    const before = state();
    const created = createdOf(id);
    world.deliver({ ...created, data: { ...created.data, amount: 900 } });
    await world.settle();
    expect(state()).toEqual(before);
  });
});

describe('an answer about a payment, delivered late', () => {
  test('never moves an order that has ended, even if it says the contrary', async () => {
    const { world, order, show } = await shopWith(100);
    const [paid, declined] = [await order(100), await order(100)];
    await world.settle();
    const before = [await show(paid), await show(declined)];
    expect(before.map(({ status }) => status)).toEqual(['FINISHED', 'CANCELLED']);
    const answers = world.published.filter(({ source }) => source === 'payments') as Envelope<{ order_id: string }>[];
    for (const event of answers) {
      world.deliver(event);
      for (const order_id of [paid, declined]) world.deliver({ ...event, data: { ...event.data, order_id } });
    }
    await world.settle();
    expect([await show(paid), await show(declined)]).toEqual(before);
  });
});

describe('a nudged OrderCreated', () => {
  test.each([
    ['paid', 500],
    ['declined', 5000],
  ])('of an order that was %s is answered again from its decision, once per nudge', async (_, amount) => {
    const { world, order, createdOf, show, balanceOf } = await shopWith(2000);
    const id = await order(amount);
    await world.settle();
    const [shown, balance] = [await show(id), await balanceOf()];
    const answers = () => world.published.filter(({ type }) => /^Payment/.test(type));
    const [first] = answers();
    for (const nudge of ['sweep-1', 'sweep-1', 'sweep-2', 'sweep-1']) {
      world.deliver({ ...createdOf(id), nudge });
      await world.settle();
    }
    const again = answers().slice(1);
    expect(again.map(({ nudge }) => nudge)).toEqual(['sweep-1', 'sweep-2']);
    for (const answer of again) expect(answer).toMatchObject({ id: first?.id, data: first?.data });
    expect(await show(id)).toEqual(shown);
    expect(await balanceOf()).toBe(balance);
  });

  test('ends an order whose answer was lost on its way', async () => {
    const { world, order, createdOf, show } = await shopWith(2000);
    const bring = world.deliver.bind(world);
    world.deliver = (event) => {
      if (event.type !== 'PaymentAuthorized' || event.nudge) bring(event);
    };
    const id = await order(500);
    await world.settle();
    expect((await show(id))['status']).toBe('NEW');
    world.deliver({ ...createdOf(id), nudge: 'sweep' });
    await world.settle();
    expect((await show(id))['status']).toBe('FINISHED');
  });
});

describe.each([0, 0.3])('50 requests at once, with %d of the transactions in conflict', (transaction_conflict) => {
  const fifty = <T>(ask: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, ask));
  const shop = (balance: number) => shopWith(balance, 3, { chaos: { transaction_conflict } });
  const replays = (replies: readonly Reply[]) =>
    replies.filter(({ headers }) => headers['Idempotency-Replayed'] === 'true');

  test('are 50 deposits, each with its effect', async () => {
    const { world, now, balanceOf, journal } = await shop(0);
    const replies = await now(
      fifty(() => post(world, 'POST /payments/accounts/deposit', { user_id: 'alice', amount: 10 })),
    );
    expect(replies.map(({ status }) => status)).toEqual(replies.map(() => 200));
    expect(new Set(replies.map(({ body }) => body['balance'])).size).toBe(50);
    expect(await balanceOf()).toBe(500);
    expect(journal()).toHaveLength(50);
    expect(findLedgerErrors(world.payments.all())).toEqual([]);
  });

  test('with one key are one deposit and 50 equal answers, also after more has been paid in', async () => {
    const { world, now, deposit, balanceOf, journal } = await shop(0);
    const ask = (body: unknown) => post(world, 'POST /payments/accounts/deposit', body, 'key-1');
    const replies = await now(fifty(() => ask({ user_id: 'alice', amount: 70 })));
    expect(new Set(replies.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1);
    expect(replies[0]).toMatchObject({ status: 200, body: { user_id: 'alice', balance: 70 } });
    expect(replays(replies)).toHaveLength(49);
    await deposit(1000);
    expect(await now(ask({ amount: 70, user_id: 'alice' }))).toMatchObject({ status: 200, body: { balance: 70 } });
    expect(await now(ask({ user_id: 'alice', amount: 71 }))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await balanceOf()).toBe(1070);
    expect(journal()).toHaveLength(2);
  });

  test('with one key are one order and 50 equal answers, new as first given, also after it has ended', async () => {
    const { world, now, show } = await shop(100);
    const body = { user_id: 'alice', amount: 500, description: 'Gift', metadata: { to: 'bob' } };
    const ask = (more: object = {}) => post(world, 'POST /orders', { ...body, ...more }, 'key-1');
    const replies = await now(fifty(() => ask()));
    expect(new Set(replies.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1);
    expect(new Set(replies.map(({ headers }) => headers['Location'])).size).toBe(1);
    expect(replies[0]).toMatchObject({ status: 201, body: { ...body, status: 'NEW' } });
    expect(replays(replies)).toHaveLength(49);
    await world.settle();
    expect(await show(String(replies[0]?.body['id']))).toMatchObject({ status: 'CANCELLED' });
    const late = await now(ask());
    expect(late).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' } });
    expect(late.body).toEqual(replies[0]?.body);
    expect(await now(ask({ amount: 501 }))).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await now(ask({ description: 'gift' }))).toMatchObject({ status: 422 });
    expect(world.orders.all().filter(({ sk }) => sk === 'STATE')).toHaveLength(1);
    expect(world.published.filter(({ type }) => type === 'OrderCreated')).toHaveLength(1);
  });

  test('with one key are one account and 50 equal answers, which another key does not get', async () => {
    const { world, now, deposit } = await shop(10);
    const ask = (key?: string) => post(world, 'POST /payments/accounts', { user_id: 'bob' }, key);
    const replies = await now(fifty(() => ask('key-1')));
    expect(new Set(replies.map(({ status, body }) => JSON.stringify({ status, body }))).size).toBe(1);
    expect(replies[0]).toMatchObject({ status: 201, body: { user_id: 'bob', balance: 0 } });
    expect(replays(replies)).toHaveLength(49);
    await now(post(world, 'POST /payments/accounts/deposit', { user_id: 'bob', amount: 5 }));
    expect(await now(ask('key-1'))).toMatchObject({ status: 201, body: { balance: 0 } });
    for (const other of ['key-2', undefined])
      expect(await now(ask(other))).toMatchObject({ status: 409, body: { code: 'account_exists' } });
    await deposit(1);
    expect(world.payments.all().filter(({ pk, sk }) => pk === 'ACCOUNT#bob' && sk === 'STATE')).toHaveLength(1);
  });

  test('without a key are 50 orders', async () => {
    const { world, now } = await shop(0);
    const replies = await now(fifty(() => post(world, 'POST /orders', { user_id: 'alice', amount: 1 })));
    expect(new Set(replies.map(({ body }) => body['id'])).size).toBe(50);
    expect(replays(replies)).toEqual([]);
  });
});

describe('a request that was refused', () => {
  test('leaves nothing, and may be tried again under its key', async () => {
    const { world, now, state } = await shopWith(0);
    const before = state();
    const ask = () => post(world, 'POST /payments/accounts/deposit', { user_id: 'bob', amount: 5 }, 'key-1');
    expect(await now(ask())).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
    expect(state()).toEqual(before);
    await now(post(world, 'POST /payments/accounts', { user_id: 'bob' }));
    const again = await now(ask());
    expect(again).toMatchObject({ status: 200, body: { balance: 5 } });
    expect(again.headers).not.toHaveProperty('Idempotency-Replayed');
  });

  test('has a key of its own for each caller and each door', async () => {
    const { world, now } = await shopWith(0);
    await now(post(world, 'POST /payments/accounts', { user_id: 'bob' }));
    const ask = (door: string, user_id: string) => now(post(world, door, { user_id, amount: 5 }, 'the-same'));
    for (const door of ['POST /payments/accounts/deposit', 'POST /orders'])
      for (const user of ['alice', 'bob']) {
        const { status, headers } = await ask(door, user);
        expect(status).toBeLessThan(300);
        expect(headers).not.toHaveProperty('Idempotency-Replayed');
      }
  });
});

test('a message that can never be processed is buried among its neighbours, which all end', async () => {
  const { world, order, show, createdOf } = await shopWith(1000);
  const first = await order(1);
  await world.settle();
  const { type: _, ...nameless } = createdOf(first);
  world.queues['order-payments'].stop();
  const ids = [await order(10), await order(20)];
  world.queues['order-payments'].send('{"half":');
  world.queues['order-payments'].send(JSON.stringify(nameless));
  world.queues['order-payments'].send(JSON.stringify({ ...createdOf(first), version: 2 }));
  ids.push(await order(30));
  world.queues['order-payments'].start();
  await world.settle();
  for (const id of ids) expect(await show(id)).toMatchObject({ status: 'FINISHED' });
  expect(world.queues['order-payments'].dlq.map(({ details }) => details?.reason.split(':')[0])).toEqual([
    'Poison',
    'Poison',
    'Poison',
  ]);
});

test('an event made up for nobody’s order is buried, and harms nothing', async () => {
  const { world, balanceOf } = await shopWith(100);
  const cause = { time: '2026-01-01T00:00:00Z', correlation_id: 'x', causation_id: 'x' };
  const made = { order_id: 'z'.repeat(26), user_id: 'alice', amount: 40, created_at: '2026-01-01T00:00:00Z' };
  world.deliver(OrderCreated.make(made, cause));
  await world.settle();
  // payments cannot know better; orders does
  expect(await balanceOf()).toBe(60);
  expect(world.queues['payment-status'].dlq[0]?.details?.reason).toContain('There is no order');
});

describe('a request for items whose price changes while its first try is under way', () => {
  const items = [{ sku: 'show', quantity: 1 }];
  const body = { user_id: 'alice', amount: 10, items };
  const put = (world: Simulation, price: number) =>
    world.request('PUT /catalog/products/{sku}', { path: { sku: 'show' }, body: { name: 'Show', price, stock: 5 } });

  test('is answered by the order that was made, not refused for the new price', async () => {
    const { world, now } = await shopWith(100);
    await now(put(world, 10));
    const first = { reply: undefined as Reply | undefined };
    const read = world.catalog.getMany;
    // the retry looks for its order, finds none yet, and asks for the price: until then the first has gone through
    world.catalog.getMany = async (keys) => {
      world.catalog.getMany = read;
      first.reply = await post(world, 'POST /orders', body, 'key-1');
      await put(world, 11);
      return read(keys);
    };
    const retry = await now(post(world, 'POST /orders', body, 'key-1'));
    expect(first.reply).toMatchObject({ status: 201, body: { amount: 10 } });
    expect(retry).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' } });
    expect(retry.body).toEqual(first.reply?.body);
  });

  test('is refused where no order was made, and another request under its key as well', async () => {
    const { world, now } = await shopWith(100);
    await now(put(world, 11));
    const refused = { status: 422, body: { code: 'price_differs' } };
    expect(await now(post(world, 'POST /orders', body, 'key-1'))).toMatchObject(refused);
    expect(await now(post(world, 'POST /orders', body))).toMatchObject(refused);
    expect(await now(post(world, 'POST /orders', { ...body, amount: 11 }, 'key-1'))).toMatchObject({ status: 201 });
    expect(await now(post(world, 'POST /orders', body, 'key-1'))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });
});
