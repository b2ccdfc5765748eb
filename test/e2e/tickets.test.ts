import { randomUUID } from 'node:crypto';
import { describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors, merchantBalance } from '../support/ledger-check.ts';
import { poll } from '../support/poll.ts';

const shop = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));

/** Another number of buyers can be set: BUYERS=1000 npm test -- test/e2e/tickets.test.ts */
const BUYERS = Number(process.env['BUYERS'] ?? 200);
const TIMEOUT_MS_PER_BUYER = 300;

describe('the workflow of an order', () => {
  test.each(['', '/api'])('shows every event and its consumers under %s/orders', async (prefix) => {
    const id = await shop.order(await shop.customer(100), 30);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'FINISHED' });
    const workflow = await shop.workflow(id, prefix);
    expect(workflow.order).toMatchObject({ id, status: 'FINISHED', amount: 30 });
    expect(workflow.outbox.map(({ type }) => type).sort()).toEqual([
      'BalancesUpdated',
      'OrderCreated',
      'PaymentAuthorized',
      'TicketIssued',
    ]);
    const done = workflow.inbox.filter(({ status }) => status === 'done');
    expect(done.map(({ type, consumer }) => `${type} → ${consumer}`)).toEqual(
      expect.arrayContaining([
        'OrderCreated → order-payments',
        'PaymentAuthorized → ticket-issuing',
        'TicketIssued → ticket-status',
      ]),
    );
    for (const delivery of done)
      expect(delivery).toMatchObject({
        created_at: expect.any(String),
        published_at: expect.any(String),
        received_at: expect.any(String),
        processed_at: expect.any(String),
        receive_count: expect.any(Number),
      });
    expect(workflow.steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'placed done',
      'payment done',
      'ticket done',
      'refund skipped',
      'end done',
    ]);
    expect(workflow.decisions.map(({ step, decision }) => `${step} ${decision}`).sort()).toEqual([
      'PAYMENT authorized',
      'TICKET issued',
    ]);
  });

  test('is not found for an unknown order', async () => {
    const response = await shop.get(`/orders/${'a'.repeat(26)}/workflow`);
    expect(response).toMatchObject({ status: 404, body: { code: 'order_not_found' } });
  });
});

describe('a product', () => {
  test('is created, changed and shown', async () => {
    // It sorts before all other products, so that it is on the first page of the list.
    const sku = `a-${randomUUID()}`;
    const put = (price: number) => shop.send('PUT', `/catalog/products/${sku}`, { name: 'Gig', price, stock: 5 });
    const gig = { sku, name: 'Gig', stock: 5, available: 5 };
    expect(await put(40)).toMatchObject({ status: 200, body: { ...gig, price: 40 } });
    expect(await put(50)).toMatchObject({ status: 200, body: { ...gig, price: 50 } });
    expect((await shop.get(`/catalog/products/${sku}`)).body).toEqual({ ...gig, price: 50 });
    expect((await shop.get('/catalog/products/nothing')).status).toBe(404);
    await poll(
      async () => (await shop.get('/catalog/products?limit=10')).body as unknown as { sku: string }[],
      (products) => products.some((product) => product.sku === sku),
    );
  });

  test('is served from the cache, and by all environments as it is after a change', async () => {
    const sku = await shop.product({ price: 40, stock: 5 });
    const readAll = () => Promise.all(Array.from({ length: 20 }, () => shop.get(`/catalog/products/${sku}`)));
    await readAll();
    expect((await readAll()).map(({ headers }) => headers.get('x-cache'))).toEqual(
      Array.from({ length: 20 }, () => 'hit'),
    );
    await shop.send('PUT', `/catalog/products/${sku}`, { name: 'Test product', price: 50, stock: 5 });
    await poll(readAll, (responses) => responses.every(({ body }) => body['price'] === 50));
    const customer = await shop.customer(100);
    await shop.waitForFinalState(await shop.orderItems(customer, { sku, quantity: 2 }));
    await poll(readAll, (responses) => responses.every(({ body }) => body['available'] === 3));
  });

  test('whose stock is raised after it was sold out can be ordered again', async () => {
    const sku = await shop.product({ price: 1, stock: 1 });
    const customer = await shop.customer(100);
    const orderOne = async () =>
      (await shop.waitForFinalState(await shop.orderItems(customer, { sku, quantity: 1 })))['status'];
    expect(await orderOne()).toBe('FINISHED');
    await shop.send('PUT', `/catalog/products/${sku}`, { name: 'Test product', price: 1, stock: 2 });
    // The issuing of tickets learns the new stock by an event, so the first orders may still be rejected.
    await poll(orderOne, (status) => status === 'FINISHED');
    expect(await orderOne()).toBe('CANCELLED');
  });

  test('determines the amount of an order by its price and quantity', async () => {
    const [gig, shirt] = [await shop.product({ price: 40, stock: 5 }), await shop.product({ price: 7, stock: 5 })];
    const customer = await shop.customer(100);
    const items = [
      { sku: gig, quantity: 1 },
      { sku: shirt, quantity: 3 },
    ];
    const placed = await shop.post('/orders', { user_id: customer, items });
    expect(placed).toMatchObject({ status: 201, body: { amount: 61, items, status: 'NEW' } });
    expect(await shop.waitForFinalState(String(placed.body['id']))).toMatchObject({ status: 'FINISHED', items });
    expect(await shop.balance(customer)).toBe(39);
    await poll(
      async () => (await shop.get(`/catalog/products/${shirt}`)).body,
      ({ available }) => available === 2,
    );
  });

  test('that does not exist cannot be ordered', async () => {
    const response = await shop.post('/orders', { user_id: 'alice', items: [{ sku: 'nothing', quantity: 1 }] });
    expect(response).toMatchObject({ status: 400, body: { code: 'unknown_sku' } });
    expect(response.headers.get('content-type')).toBe('application/problem+json');
  });

  test('cannot be ordered at an amount that differs from its price', async () => {
    const sku = await shop.product({ price: 40, stock: 5 });
    const response = await shop.post('/orders', { user_id: 'alice', amount: 39, items: [{ sku, quantity: 1 }] });
    expect(response).toMatchObject({ status: 409, body: { code: 'price_changed', quote: { total: 40 } } });
  });

  test.each([
    ['a quantity of 0', [{ sku: 'a', quantity: 0 }]],
    ['a quantity of 21', [{ sku: 'a', quantity: 21 }]],
    ['a quantity of 2 for a seat', [{ sku: 'a', quantity: 2, seat: 'A1' }]],
    [
      'a seat that is named twice',
      [
        { sku: 'a', quantity: 1, seat: 'A1' },
        { sku: 'a', quantity: 1, seat: 'A1' },
      ],
    ],
    ['21 lines', Array.from({ length: 21 }, () => ({ sku: 'a', quantity: 1 }))],
    ['no lines', []],
  ])('cannot be ordered by an order with %s', async (_, items) => {
    expect((await shop.post('/orders', { user_id: 'alice', items })).status).toBe(400);
  });

  test('can be ordered as soon as it is created: 20 such orders get their tickets', async () => {
    const customer = await shop.customer(100);
    const ids = await Promise.all(
      Array.from({ length: 20 }, async () => {
        const sku = await shop.product({ price: 1, stock: 1 });
        return shop.orderItems(customer, { sku, quantity: 1 });
      }),
    );
    expect(await shop.countFinalStates(ids)).toEqual({ FINISHED: 20 });
    expect(await shop.balance(customer)).toBe(80);
  });
});

describe('seats and stock', () => {
  test('one order can claim two seats of one product', async () => {
    const sku = await shop.product({ price: 40, stock: 10 });
    const customer = await shop.customer(100);
    const seats = [
      { sku, quantity: 1, seat: 'A1' },
      { sku, quantity: 1, seat: 'A2' },
    ];
    expect(await shop.waitForFinalState(await shop.orderItems(customer, ...seats))).toMatchObject({
      status: 'FINISHED',
      amount: 80,
    });
    expect(await shop.balance(customer)).toBe(20);
  });

  test('an order for a taken seat is cancelled and refunded to the exact amount', async () => {
    const sku = await shop.product({ price: 40, stock: 10 });
    const [first = '', second = ''] = await shop.customers(2, 100);
    await shop.waitForFinalState(await shop.orderItems(first, { sku, quantity: 1, seat: 'A1' }));
    const id = await shop.orderItems(second, { sku, quantity: 1, seat: 'A1' });
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED', reason: 'seat_taken' });
    expect([await shop.balance(first), await shop.balance(second)]).toEqual([60, 100]);
    const statement = await shop.statement(second);
    expect(statement.map(({ amount, reason }) => [amount, reason])).toEqual([
      [40, 'refund'],
      [-40, 'order'],
      [100, 'deposit'],
    ]);
    const { outbox, steps } = await shop.workflow(id);
    expect(outbox.map(({ type }) => type)).toEqual(
      expect.arrayContaining([
        'OrderCreated',
        'PaymentAuthorized',
        'TicketRejected',
        'RefundRequested',
        'PaymentRefunded',
      ]),
    );
    expect(steps.map(({ name, status }) => `${name} ${status}`)).toEqual([
      'placed done',
      'payment done',
      'ticket failed',
      'refund done',
      'end done',
    ]);
  });

  test('an order above the capacity is cancelled as sold out and claims nothing', async () => {
    const [few, many] = [await shop.product({ price: 10, stock: 1 }), await shop.product({ price: 1, stock: 5 })];
    const customer = await shop.customer(100);
    const id = await shop.orderItems(customer, { sku: many, quantity: 5 }, { sku: few, quantity: 2 });
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED', reason: 'sold_out' });
    expect(await shop.balance(customer)).toBe(100);
    const secondId = await shop.orderItems(customer, { sku: many, quantity: 5 }, { sku: few, quantity: 1 });
    expect(await shop.waitForFinalState(secondId)).toMatchObject({ status: 'FINISHED' });
  });

  test('30 orders for a stock of 10: 10 are finished, 20 are cancelled and refunded', async () => {
    const sku = await shop.product({ price: 40, stock: 10 });
    const buyers = await shop.customers(30, 100);
    const ids = await Promise.all(buyers.map((buyer) => shop.orderItems(buyer, { sku, quantity: 1 })));
    expect(await shop.countFinalStates(ids)).toEqual({ FINISHED: 10, CANCELLED: 20 });
    const balances = await Promise.all(buyers.map((buyer) => shop.balance(buyer)));
    expect(balances.toSorted((a, b) => a - b)).toEqual([...Array(10).fill(60), ...Array(20).fill(100)]);
  });

  test(
    `${BUYERS} concurrent orders for one seat: one is finished, the others are refunded, and the ledger has no errors`,
    async () => {
      const sku = await shop.product({ price: 40, stock: BUYERS });
      const buyers = await shop.customers(BUYERS, 100);
      const ids = await Promise.all(buyers.map((buyer) => shop.orderItems(buyer, { sku, quantity: 1, seat: 'A1' })));
      expect(await shop.countFinalStates(ids, BUYERS * TIMEOUT_MS_PER_BUYER)).toEqual({
        FINISHED: 1,
        CANCELLED: BUYERS - 1,
      });
      const orders = await Promise.all(ids.map(async (id) => (await shop.get(`/orders/${id}`)).body));
      const reasons = orders.flatMap(({ status, reason }) => (status === 'CANCELLED' ? [reason] : []));
      expect(new Set(reasons)).toEqual(new Set(['seat_taken']));
      const balances = await Promise.all(buyers.map((buyer) => shop.balance(buyer)));
      expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(BUYERS * 100 - 40);
      const rows = await engine.rows('payments');
      expect(findLedgerErrors(rows)).toEqual([]);
      expect(merchantBalance(rows, buyers)).toBe(40n);
    },
    60_000 + BUYERS * TIMEOUT_MS_PER_BUYER,
  );
});
