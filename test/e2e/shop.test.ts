import { describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';

const shop = new ApiClient(inject('url'));

describe('an order', () => {
  test('of 1500 on a balance of 2000 finishes and leaves 500', async () => {
    const customer = await shop.customer(2000);
    const placed = await shop.post('/orders', { user_id: customer, amount: 1500, description: 'Gift' });
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({ user_id: customer, amount: 1500, description: 'Gift', status: 'NEW' });
    expect(placed.headers.get('location')).toMatch(new RegExp(`/orders/${placed.body['id']}$`));
    expect(await shop.waitForFinalState(String(placed.body['id']))).toMatchObject({
      status: 'FINISHED',
      description: 'Gift',
    });
    expect(await shop.balance(customer)).toBe(500);
    const listed = await shop.get(`/orders?user_id=${customer}`);
    expect(listed.body).toMatchObject([{ id: placed.body['id'], status: 'FINISHED' }]);
  });

  test('above the balance is cancelled and debits nothing', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 101);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    expect(await shop.balance(customer)).toBe(100);
  });

  test('of a user without an account is cancelled', async () => {
    const id = await shop.order('no-such-user', 1);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED', reason: 'account_not_found' });
  });

  test('is paid only while the balance suffices: 100 of 200 concurrent orders of 10 on a balance of 1000', async () => {
    const customer = await shop.customer(1000);
    const ids = await Promise.all(Array.from({ length: 200 }, () => shop.order(customer, 10)));
    expect(await shop.countFinalStates(ids)).toEqual({ FINISHED: 100, CANCELLED: 100 });
    expect(await shop.balance(customer)).toBe(0);
    const statement = await shop.statement(customer);
    expect(statement).toHaveLength(101);
    expect(statement.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(0);
    expect(statement.map(({ version }) => version)).toEqual(Array.from({ length: 101 }, (_, index) => 101 - index));
  });
});

describe('an account', () => {
  test('receives each of 50 concurrent deposits', async () => {
    const customer = await shop.customer();
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => shop.post('/payments/accounts/deposit', { user_id: customer, amount: 7 })),
    );
    expect(responses.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(await shop.balance(customer)).toBe(350);
    expect(await shop.statement(customer)).toHaveLength(50);
  });

  test('cannot be opened twice', async () => {
    const customer = await shop.customer(5);
    const second = await shop.post('/payments/accounts', { user_id: customer });
    expect(second).toMatchObject({ status: 409, body: { code: 'account_exists' } });
    expect(await shop.balance(customer)).toBe(5);
  });

  test('has a statement whose pages are linked', async () => {
    const customer = await shop.customer();
    for (let amount = 1; amount <= 5; amount++)
      await shop.post('/payments/accounts/deposit', { user_id: customer, amount });
    const first = await shop.get(`/payments/accounts/${customer}/entries?limit=2`);
    expect(first.body).toMatchObject([
      { amount: 5, balance_after: 15 },
      { amount: 4, balance_after: 10 },
    ]);
    const next = /<(?:https?:\/\/[^/]+)?([^>]+)>; rel="next"/.exec(first.headers.get('link') ?? '')?.[1];
    expect((await shop.get(String(next))).body).toMatchObject([{ amount: 3 }, { amount: 2 }]);
  });
});

describe('50 concurrent requests with one Idempotency-Key', () => {
  test('make one deposit and get equal responses', async () => {
    const customer = await shop.customer();
    const body = { user_id: customer, amount: 10 };
    const responses = await Promise.all(
      Array.from({ length: 50 }, () => shop.post('/payments/accounts/deposit', body, { key: 'key-1' })),
    );
    for (const response of responses)
      expect(response).toMatchObject({ status: 200, body: { user_id: customer, balance: 10 } });
    expect(responses.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
    await shop.post('/payments/accounts/deposit', { ...body, amount: 1 });
    expect((await shop.post('/payments/accounts/deposit', body, { key: 'key-1' })).body).toEqual({
      user_id: customer,
      balance: 10,
    });
    const reused = await shop.post('/payments/accounts/deposit', { ...body, amount: 11 }, { key: 'key-1' });
    expect(reused).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await shop.balance(customer)).toBe(11);
  });

  test('place one order and get equal responses with status NEW, also after the order has ended', async () => {
    const customer = await shop.customer(1000);
    const body = { user_id: customer, amount: 10 };
    const responses = await Promise.all(Array.from({ length: 50 }, () => shop.post('/orders', body, { key: 'key-1' })));
    const [first] = responses;
    for (const response of responses) expect(response).toMatchObject({ status: 201, body: first?.body ?? {} });
    await shop.waitForFinalState(String(first?.body['id']));
    expect((await shop.post('/orders', body, { key: 'key-1' })).body).toEqual(first?.body);
    expect((await shop.post('/orders', { ...body, amount: 11 }, { key: 'key-1' })).status).toBe(422);
    expect(await shop.balance(customer)).toBe(990);
  });
});

describe('an invalid request', () => {
  test.each([
    ['an unknown path', 'GET', '/orders/x/y', undefined, 404],
    ['an unsupported method', 'DELETE', '/orders', undefined, 405],
    ['an unsupported method of a longer path', 'PUT', '/payments/accounts/deposit', {}, 405],
    ['an unknown order', 'GET', `/orders/${'a'.repeat(26)}`, undefined, 404],
    ['a malformed order id', 'GET', '/orders/nope', undefined, 404],
    ['an unknown account', 'GET', '/payments/accounts/no-such-user/balance', undefined, 404],
    ['malformed JSON', 'POST', '/orders', '{"user_id":', 400],
    ['an empty body', 'POST', '/orders', '', 400],
    ['a body of more than 128 KB', 'POST', '/orders', JSON.stringify({ description: 'x'.repeat(129 * 1024) }), 413],
    ['a limit of 0', 'GET', '/orders?user_id=a&limit=0', undefined, 400],
    ['a cursor of another list', 'GET', '/orders?user_id=a&cursor=Mw', undefined, 400],
  ])('gets a problem response: %s', async (_, method, path, body, status) => {
    const response = await shop.send(method, path, body);
    expect(response.status).toBe(status);
    expect(response.headers.get('content-type')).toBe('application/problem+json');
    expect(response.body).toMatchObject({
      status,
      title: expect.any(String),
      detail: expect.any(String),
      code: expect.any(String),
    });
    expect(response.body['correlation_id']).toBe(response.headers.get('x-correlation-id'));
    if (status === 405) expect(response.headers.get('allow')).toMatch(/GET|POST/);
  });

  test('gets all errors of its body in one response', async () => {
    const response = await shop.post('/orders', { amount: 1.5, description: 7, colour: 'red' });
    const paths = (response.body['errors'] as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['amount', 'colour', 'description', 'user_id']);
  });
});

test('a response returns the X-Correlation-Id of its request', async () => {
  const response = await shop.send('GET', '/orders?user_id=a', undefined, {
    headers: { 'X-Correlation-Id': 'correlation-7' },
  });
  expect(response.headers.get('x-correlation-id')).toBe('correlation-7');
});
