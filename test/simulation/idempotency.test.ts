import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { MAX_BALANCE } from '../../events/money.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type HttpResponse, Simulation } from '../support/simulation.ts';

const post = (simulation: Simulation, route: string, body: unknown, key?: string): Promise<HttpResponse> =>
  simulation.request(route, { body, ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }) });

/** Creates a simulation with one customer who has this balance. */
async function createShop(balance: number, seed = 1, faults: ConstructorParameters<typeof Simulation>[1] = {}) {
  const simulation = new Simulation(seed, faults);
  const run = <T>(work: Promise<T>): Promise<T> => simulation.runUntilDone(work);
  await run(post(simulation, 'POST /payments/accounts', { user_id: 'alice' }));
  const deposit = (amount: number) =>
    run(post(simulation, 'POST /payments/accounts/deposit', { user_id: 'alice', amount }));
  if (balance > 0) await deposit(balance);
  const placeOrder = async (amount: number) =>
    String((await run(post(simulation, 'POST /orders', { user_id: 'alice', amount }))).body['id']);
  const getOrder = async (id: string) => (await run(simulation.request('GET /orders/{id}', { path: { id } }))).body;
  const getBalance = async () => {
    const path = { user_id: 'alice' };
    return (await run(simulation.request('GET /payments/accounts/{user_id}/balance', { path }))).body['balance'];
  };
  const ledgerEntries = () => simulation.payments.all().filter((row) => Array.isArray(row['postings']));
  /** Returns all rows of orders and payments. A duplicate must not change any of them. */
  const allRows = () =>
    [...simulation.payments.all(), ...simulation.orders.all()].sort((a, b) =>
      `${a.pk}/${a.sk}` < `${b.pk}/${b.sk}` ? -1 : 1,
    );
  const orderCreatedOf = (id: string) =>
    simulation.published.find((event) => event.id === `OrderCreated:${id}`) as Envelope<OrderCreated>;
  return { simulation, run, deposit, placeOrder, getOrder, getBalance, ledgerEntries, allRows, orderCreatedOf };
}

/** Delivers all events before the consumer receives one of them, so that it receives them in batches. */
function deliverTogether(simulation: Simulation, events: readonly Envelope[]): void {
  simulation.queues['order-payments'].stop();
  for (const event of events) simulation.deliver(event);
  simulation.queues['order-payments'].start();
}

describe('a duplicate OrderCreated', () => {
  test.each([1500, 2500])('changes nothing when delivered 20 times in turn (an order of %i)', async (amount) => {
    const { simulation, placeOrder, orderCreatedOf, allRows, getOrder, getBalance } = await createShop(2000);
    const id = await placeOrder(amount);
    await simulation.settle();
    const [rows, order, balance] = [allRows(), await getOrder(id), await getBalance()];
    for (let delivery = 0; delivery < 20; delivery++) {
      simulation.deliver(orderCreatedOf(id));
      await simulation.settle();
    }
    expect(allRows()).toEqual(rows);
    expect(await getOrder(id)).toEqual(order);
    expect(await getBalance()).toBe(balance);
  });

  test.each([1500, 2500])('changes nothing when delivered 20 times at once (an order of %i)', async (amount) => {
    const { simulation, placeOrder, orderCreatedOf, allRows } = await createShop(2000);
    const id = await placeOrder(amount);
    await simulation.settle();
    const rows = allRows();
    deliverTogether(
      simulation,
      Array.from({ length: 20 }, () => orderCreatedOf(id)),
    );
    await simulation.settle();
    expect(allRows()).toEqual(rows);
    expect(simulation.queues['order-payments'].dlq).toEqual([]);
  });

  test('pays the order once when it is delivered 20 times before the payment', async () => {
    const { simulation, placeOrder, orderCreatedOf, getBalance, ledgerEntries, getOrder } = await createShop(2000);
    simulation.queues['order-payments'].stop();
    const id = await placeOrder(700);
    await simulation.clock.runUntil(() => simulation.published.some((event) => event.id === `OrderCreated:${id}`));
    for (let delivery = 0; delivery < 20; delivery++) simulation.deliver(orderCreatedOf(id));
    simulation.queues['order-payments'].start();
    await simulation.settle();
    expect(await getBalance()).toBe(1300);
    expect(ledgerEntries().filter(({ pk }) => pk === `ORDER#${id}`)).toHaveLength(1);
    expect(await getOrder(id)).toMatchObject({ status: 'FINISHED' });
    expect(simulation.published.filter(({ type }) => type === 'PaymentAuthorized')).toHaveLength(1);
  });

  test('does not pay a declined order after a deposit', async () => {
    const { simulation, placeOrder, deposit, orderCreatedOf, getOrder, getBalance } = await createShop(100);
    const id = await placeOrder(150);
    await simulation.settle();
    const cancelled = await getOrder(id);
    expect(cancelled).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    await deposit(1000);
    for (let delivery = 0; delivery < 3; delivery++) simulation.deliver(orderCreatedOf(id));
    await simulation.settle();
    expect(await getOrder(id)).toEqual(cancelled);
    expect(await getBalance()).toBe(1100);
  });

  test('changes nothing even if its amount differs', async () => {
    const { simulation, placeOrder, orderCreatedOf, allRows } = await createShop(2000);
    const id = await placeOrder(700);
    await simulation.settle();
    const rows = allRows();
    const created = orderCreatedOf(id);
    simulation.deliver({ ...created, data: { ...created.data, amount: 900 } });
    await simulation.settle();
    expect(allRows()).toEqual(rows);
  });
});

describe('a late payment event', () => {
  test('does not change an ended order, even if it contradicts the order’s status', async () => {
    const { simulation, placeOrder, getOrder } = await createShop(100);
    const [paid, declined] = [await placeOrder(100), await placeOrder(100)];
    await simulation.settle();
    const ended = [await getOrder(paid), await getOrder(declined)];
    expect(ended.map(({ status }) => status)).toEqual(['FINISHED', 'CANCELLED']);
    const paymentEvents = simulation.published.filter(({ source }) => source === 'payments');
    for (const event of paymentEvents as Envelope<{ order_id: string }>[]) {
      simulation.deliver(event);
      for (const order_id of [paid, declined]) simulation.deliver({ ...event, data: { ...event.data, order_id } });
    }
    await simulation.settle();
    expect([await getOrder(paid), await getOrder(declined)]).toEqual(ended);
  });
});

describe('a nudged OrderCreated', () => {
  test.each([
    ['paid', 500],
    ['declined', 5000],
  ])('of a %s order publishes the decision again, once per nudge', async (_, amount) => {
    const { simulation, placeOrder, orderCreatedOf, getOrder, getBalance } = await createShop(2000);
    const id = await placeOrder(amount);
    await simulation.settle();
    const [order, balance] = [await getOrder(id), await getBalance()];
    const answers = () => simulation.published.filter(({ type }) => /^Payment/.test(type));
    const [first] = answers();
    for (const nudge of ['sweep-1', 'sweep-1', 'sweep-2', 'sweep-1']) {
      simulation.deliver({ ...orderCreatedOf(id), nudge });
      await simulation.settle();
    }
    const repeated = answers().slice(1);
    expect(repeated.map(({ nudge }) => nudge)).toEqual(['sweep-1', 'sweep-2']);
    for (const answer of repeated) expect(answer).toMatchObject({ id: first?.id, data: first?.data });
    expect(await getOrder(id)).toEqual(order);
    expect(await getBalance()).toBe(balance);
  });

  test('finishes an order whose PaymentAuthorized was lost', async () => {
    const { simulation, placeOrder, orderCreatedOf, getOrder } = await createShop(2000);
    simulation.faults.loses = ({ type, nudge }) => type === 'PaymentAuthorized' && nudge === undefined;
    const id = await placeOrder(500);
    await simulation.settle();
    expect((await getOrder(id))['status']).toBe('NEW');
    simulation.deliver({ ...orderCreatedOf(id), nudge: 'sweep' });
    await simulation.settle();
    expect((await getOrder(id))['status']).toBe('FINISHED');
  });
});

describe.each([0, 0.3])('50 concurrent requests with a conflict rate of %d', (transaction_conflict) => {
  const repeat50 = <T>(request: () => Promise<T>) => Promise.all(Array.from({ length: 50 }, request));
  const createShopWith = (balance: number) => createShop(balance, 3, { chaos: { transaction_conflict } });
  const replayed = (responses: readonly HttpResponse[]) =>
    responses.filter(({ headers }) => headers['Idempotency-Replayed'] === 'true');
  const distinct = (responses: readonly HttpResponse[]) =>
    new Set(responses.map(({ status, body }) => JSON.stringify({ status, body })));

  test('without a key make 50 deposits', async () => {
    const { simulation, run, getBalance, ledgerEntries } = await createShopWith(0);
    const body = { user_id: 'alice', amount: 10 };
    const responses = await run(repeat50(() => post(simulation, 'POST /payments/accounts/deposit', body)));
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 200));
    expect(new Set(responses.map(({ body }) => body['balance'])).size).toBe(50);
    expect(await getBalance()).toBe(500);
    expect(ledgerEntries()).toHaveLength(50);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('with one key make one deposit and get equal responses, also after another deposit', async () => {
    const { simulation, run, deposit, getBalance, ledgerEntries } = await createShopWith(0);
    const request = (body: unknown) => post(simulation, 'POST /payments/accounts/deposit', body, 'key-1');
    const responses = await run(repeat50(() => request({ user_id: 'alice', amount: 70 })));
    expect(distinct(responses).size).toBe(1);
    expect(responses[0]).toMatchObject({ status: 200, body: { user_id: 'alice', balance: 70 } });
    expect(replayed(responses)).toHaveLength(49);
    await deposit(1000);
    expect(await run(request({ amount: 70, user_id: 'alice' }))).toMatchObject({ status: 200, body: { balance: 70 } });
    expect(await run(request({ user_id: 'alice', amount: 71 }))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await getBalance()).toBe(1070);
    expect(ledgerEntries()).toHaveLength(2);
  });

  test('with one key place one order and get equal responses with status NEW, also after the order has ended', async () => {
    const { simulation, run, getOrder } = await createShopWith(100);
    const body = { user_id: 'alice', amount: 500, description: 'Gift', metadata: { to: 'bob' } };
    const request = (changes: object = {}) => post(simulation, 'POST /orders', { ...body, ...changes }, 'key-1');
    const responses = await run(repeat50(() => request()));
    expect(distinct(responses).size).toBe(1);
    expect(new Set(responses.map(({ headers }) => headers['Location'])).size).toBe(1);
    expect(responses[0]).toMatchObject({ status: 201, body: { ...body, status: 'NEW' } });
    expect(replayed(responses)).toHaveLength(49);
    await simulation.settle();
    expect(await getOrder(String(responses[0]?.body['id']))).toMatchObject({ status: 'CANCELLED' });
    const late = await run(request());
    expect(late).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' } });
    expect(late.body).toEqual(responses[0]?.body);
    expect(await run(request({ amount: 501 }))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
    expect(await run(request({ description: 'gift' }))).toMatchObject({ status: 422 });
    expect(simulation.orders.all().filter(({ sk }) => sk === 'STATE')).toHaveLength(1);
    expect(simulation.published.filter(({ type }) => type === 'OrderCreated')).toHaveLength(1);
  });

  test('with one key open one account and get equal responses; another key is rejected', async () => {
    const { simulation, run, deposit } = await createShopWith(10);
    const request = (key?: string) => post(simulation, 'POST /payments/accounts', { user_id: 'bob' }, key);
    const responses = await run(repeat50(() => request('key-1')));
    expect(distinct(responses).size).toBe(1);
    expect(responses[0]).toMatchObject({ status: 201, body: { user_id: 'bob', balance: 0 } });
    expect(replayed(responses)).toHaveLength(49);
    await run(post(simulation, 'POST /payments/accounts/deposit', { user_id: 'bob', amount: 5 }));
    expect(await run(request('key-1'))).toMatchObject({ status: 201, body: { balance: 0 } });
    for (const key of ['key-2', undefined])
      expect(await run(request(key))).toMatchObject({ status: 409, body: { code: 'account_exists' } });
    await deposit(1);
    const accounts = simulation.payments.all().filter(({ pk, sk }) => pk === 'ACCOUNT#bob' && sk === 'STATE');
    expect(accounts).toHaveLength(1);
  });

  test('without a key place 50 orders', async () => {
    const { simulation, run } = await createShopWith(0);
    const responses = await run(repeat50(() => post(simulation, 'POST /orders', { user_id: 'alice', amount: 1 })));
    expect(new Set(responses.map(({ body }) => body['id'])).size).toBe(50);
    expect(replayed(responses)).toEqual([]);
  });
});

describe.each(Array.from({ length: 20 }, (_, seed) => seed + 1))(
  'while the rows of a read change (seed %i)',
  (seed) => {
    /** Sends a request with one key ten times, at random moments of 50 ms, and returns the distinct responses. */
    const repeatedAtRandom = async (simulation: Simulation, request: () => Promise<HttpResponse>) => {
      const send = () => simulation.clock.sleep(simulation.clock.random() * 50).then(request);
      const responses = await simulation.runUntilDone(Promise.all(Array.from({ length: 10 }, send)));
      return [...new Set(responses.map(({ status, body }) => JSON.stringify({ status, body })))];
    };

    test('a repeated request for a refund gets equal responses', async () => {
      const { simulation, placeOrder } = await createShop(100, seed, { readSpreadMs: 50 });
      const id = await placeOrder(10);
      await simulation.settle();
      const responses = await repeatedAtRandom(simulation, () =>
        simulation.request('POST /orders/{id}/refund', {
          path: { id },
          body: {},
          headers: { 'Idempotency-Key': 'key' },
        }),
      );
      const body = { order_id: id, status: 'refund_initiated' };
      expect(responses).toEqual([JSON.stringify({ status: 202, body })]);
    });

    test('a repeated deposit up to the maximum balance gets equal responses', async () => {
      const { simulation } = await createShop(0, seed, { readSpreadMs: 50 });
      const account = await simulation.payments.get({ pk: 'ACCOUNT#alice', sk: 'STATE' });
      if (!account) throw new Error('no account');
      await simulation.payments.write([{ op: 'put', row: { ...account, balance: MAX_BALANCE - 10 } }], 'token');
      const responses = await repeatedAtRandom(simulation, () =>
        post(simulation, 'POST /payments/accounts/deposit', { user_id: 'alice', amount: 10 }, 'key'),
      );
      const body = { user_id: 'alice', balance: MAX_BALANCE };
      expect(responses).toEqual([JSON.stringify({ status: 200, body })]);
    });
  },
);

describe('an Idempotency-Key', () => {
  test('can be used again after a rejection, which writes nothing', async () => {
    const { simulation, run, allRows } = await createShop(0);
    const rows = allRows();
    const request = () => post(simulation, 'POST /payments/accounts/deposit', { user_id: 'bob', amount: 5 }, 'key-1');
    expect(await run(request())).toMatchObject({ status: 404, body: { code: 'account_not_found' } });
    expect(allRows()).toEqual(rows);
    await run(post(simulation, 'POST /payments/accounts', { user_id: 'bob' }));
    const retry = await run(request());
    expect(retry).toMatchObject({ status: 200, body: { balance: 5 } });
    expect(retry.headers).not.toHaveProperty('Idempotency-Replayed');
  });

  test('is independent for each caller and each route', async () => {
    const { simulation, run } = await createShop(0);
    await run(post(simulation, 'POST /payments/accounts', { user_id: 'bob' }));
    for (const route of ['POST /payments/accounts/deposit', 'POST /orders'])
      for (const user_id of ['alice', 'bob']) {
        const { status, headers } = await run(post(simulation, route, { user_id, amount: 5 }, 'the-same'));
        expect(status).toBeLessThan(300);
        expect(headers).not.toHaveProperty('Idempotency-Replayed');
      }
  });
});

test('poison messages are dead-lettered, and the other orders of their batch finish', async () => {
  const { simulation, placeOrder, getOrder, orderCreatedOf } = await createShop(1000);
  const first = await placeOrder(1);
  await simulation.settle();
  const { type: _, ...withoutType } = orderCreatedOf(first);
  const queue = simulation.queues['order-payments'];
  queue.stop();
  const ids = [await placeOrder(10), await placeOrder(20)];
  queue.send('{"half":');
  queue.send(JSON.stringify(withoutType));
  queue.send(JSON.stringify({ ...orderCreatedOf(first), version: 2 }));
  ids.push(await placeOrder(30));
  queue.start();
  await simulation.settle();
  for (const id of ids) expect(await getOrder(id)).toMatchObject({ status: 'FINISHED' });
  expect(queue.dlq.map(({ details }) => details?.reason.split(':')[0])).toEqual([
    'PoisonMessage',
    'PoisonMessage',
    'PoisonMessage',
  ]);
});

test('an event about an order that does not exist is dead-lettered by orders', async () => {
  const { simulation, getBalance } = await createShop(100);
  const cause = { time: '2026-01-01T00:00:00Z', correlation_id: 'x', causation_id: 'x' };
  const order = { order_id: 'z'.repeat(26), user_id: 'alice', amount: 40, created_at: '2026-01-01T00:00:00Z' };
  simulation.deliver(OrderCreated.make(order, cause));
  await simulation.settle();
  // Payments cannot know that the order does not exist, so it pays. Orders rejects the PaymentAuthorized.
  expect(await getBalance()).toBe(60);
  expect(simulation.queues['payment-status'].dlq[0]?.details?.reason).toContain('There is no order');
});

describe('a retry of POST /orders with items whose price has changed', () => {
  const items = [{ sku: 'show', quantity: 1 }];
  const body = { user_id: 'alice', amount: 10, items };
  const putProduct = (simulation: Simulation, price: number) =>
    simulation.request('PUT /catalog/products/{sku}', {
      path: { sku: 'show' },
      body: { name: 'Show', price, stock: 5 },
    });

  test('returns the order that the first attempt placed in the meantime', async () => {
    const { simulation, run } = await createShop(100);
    await run(putProduct(simulation, 10));
    const first = { response: undefined as HttpResponse | undefined };
    const { getMany } = simulation.catalog;
    // The retry finds no order yet and reads the price. The first attempt succeeds before that read.
    simulation.catalog.getMany = async (keys) => {
      simulation.catalog.getMany = getMany;
      first.response = await post(simulation, 'POST /orders', body, 'key-1');
      await putProduct(simulation, 11);
      return getMany(keys);
    };
    const retry = await run(post(simulation, 'POST /orders', body, 'key-1'));
    expect(first.response).toMatchObject({ status: 201, body: { amount: 10 } });
    expect(retry).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' } });
    expect(retry.body).toEqual(first.response?.body);
  });

  test('is rejected if no order was placed, and so is another request with its key', async () => {
    const { simulation, run } = await createShop(100);
    await run(putProduct(simulation, 11));
    const rejected = { status: 409, body: { code: 'price_changed', quote: { total: 11 } } };
    expect(await run(post(simulation, 'POST /orders', body, 'key-1'))).toMatchObject(rejected);
    expect(await run(post(simulation, 'POST /orders', body))).toMatchObject(rejected);
    const placed = await run(post(simulation, 'POST /orders', { ...body, amount: 11 }, 'key-1'));
    expect(placed).toMatchObject({ status: 201 });
    expect(await run(post(simulation, 'POST /orders', body, 'key-1'))).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });
});
