import { describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';

const shop = new ApiClient(inject('url'));

describe('buying', () => {
  test('a customer with 2000 buys a gift for 1500 and has 500 left', async () => {
    const customer = await shop.customer(2000);
    const placed = await shop.post('/orders', { user_id: customer, amount: 1500, description: 'Gift' });
    expect(placed.status).toBe(201);
    expect(placed.body).toMatchObject({ user_id: customer, amount: 1500, description: 'Gift', status: 'NEW' });
    expect(placed.headers.get('location')).toMatch(new RegExp(`/orders/${placed.body['id']}$`));
    expect(await shop.ended(String(placed.body['id']))).toMatchObject({ status: 'FINISHED', description: 'Gift' });
    expect(await shop.balance(customer)).toBe(500);
    const listed = await shop.get(`/orders?user_id=${customer}`);
    expect(listed.body).toMatchObject([{ id: placed.body['id'], status: 'FINISHED' }]);
  });

  test('an order for more than there is is cancelled, and the balance stays', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 101);
    expect(await shop.ended(id)).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    expect(await shop.balance(customer)).toBe(100);
  });

  test('an order of somebody without an account is cancelled', async () => {
    const id = await shop.order('nobody-at-all', 1);
    expect(await shop.ended(id)).toMatchObject({ status: 'CANCELLED', reason: 'account_not_found' });
  });

  test('200 orders of 10 at once on a balance of 1000: exactly 100 are paid', async () => {
    const customer = await shop.customer(1000);
    const ids = await Promise.all(Array.from({ length: 200 }, () => shop.order(customer, 10)));
    expect(await shop.endings(ids)).toEqual({ FINISHED: 100, CANCELLED: 100 });
    expect(await shop.balance(customer)).toBe(0);
    const statement = await shop.statement(customer);
    expect(statement).toHaveLength(101);
    expect(statement.reduce((sum, { amount }) => sum + Number(amount), 0)).toBe(0);
    expect(statement.map(({ version }) => version)).toEqual(Array.from({ length: 101 }, (_, at) => 101 - at));
  });
});

describe('accounts', () => {
  test('50 deposits at once on one account are 50 deposits', async () => {
    const customer = await shop.customer();
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => shop.post('/payments/accounts/deposit', { user_id: customer, amount: 7 })),
    );
    expect(replies.map(({ status }) => status)).toEqual(Array.from({ length: 50 }, () => 200));
    expect(await shop.balance(customer)).toBe(350);
    expect(await shop.statement(customer)).toHaveLength(50);
  });

  test('an account is opened once', async () => {
    const customer = await shop.customer(5);
    const again = await shop.post('/payments/accounts', { user_id: customer });
    expect(again).toMatchObject({ status: 409, body: { code: 'account_exists' } });
    expect(await shop.balance(customer)).toBe(5);
  });

  test('the statement is read in pages, by the links of the answers', async () => {
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

describe('one Idempotency-Key, 50 times at once', () => {
  test('is one deposit and 50 equal answers', async () => {
    const customer = await shop.customer();
    const body = { user_id: customer, amount: 10 };
    const replies = await Promise.all(
      Array.from({ length: 50 }, () => shop.post('/payments/accounts/deposit', body, { key: 'one' })),
    );
    for (const reply of replies) expect(reply).toMatchObject({ status: 200, body: { user_id: customer, balance: 10 } });
    expect(replies.filter(({ headers }) => headers.get('idempotency-replayed') === 'true')).toHaveLength(49);
    await shop.post('/payments/accounts/deposit', { ...body, amount: 1 });
    expect((await shop.post('/payments/accounts/deposit', body, { key: 'one' })).body).toEqual({
      user_id: customer,
      balance: 10,
    });
    const other = await shop.post('/payments/accounts/deposit', { ...body, amount: 11 }, { key: 'one' });
    expect(other).toMatchObject({ status: 422, body: { code: 'idempotency_key_reused' } });
    expect(await shop.balance(customer)).toBe(11);
  });

  test('is one order and 50 equal answers, which say NEW also when it has ended', async () => {
    const customer = await shop.customer(1000);
    const body = { user_id: customer, amount: 10 };
    const replies = await Promise.all(Array.from({ length: 50 }, () => shop.post('/orders', body, { key: 'one' })));
    const [first] = replies;
    for (const reply of replies) expect(reply).toMatchObject({ status: 201, body: first?.body ?? {} });
    await shop.ended(String(first?.body['id']));
    expect((await shop.post('/orders', body, { key: 'one' })).body).toEqual(first?.body);
    expect((await shop.post('/orders', { ...body, amount: 11 }, { key: 'one' })).status).toBe(422);
    expect(await shop.balance(customer)).toBe(990);
  });
});

describe('what is wrong is refused as a problem', () => {
  test.each([
    ['an unknown path', 'GET', '/orders/x/y', undefined, 404],
    ['a method that is not taken', 'DELETE', '/orders', undefined, 405],
    ['a method that is not taken deeper down', 'PUT', '/payments/accounts/deposit', {}, 405],
    ['an unknown order', 'GET', `/orders/${'a'.repeat(26)}`, undefined, 404],
    ['an id that cannot be', 'GET', '/orders/nope', undefined, 404],
    ['an unknown account', 'GET', '/payments/accounts/nobody/balance', undefined, 404],
    ['malformed JSON', 'POST', '/orders', '{"user_id":', 400],
    ['an empty body', 'POST', '/orders', '', 400],
    ['a body of more than 128 KB', 'POST', '/orders', JSON.stringify({ description: 'x'.repeat(129 * 1024) }), 413],
    ['a limit of none', 'GET', '/orders?user_id=a&limit=0', undefined, 400],
    ['a cursor of another list', 'GET', '/orders?user_id=a&cursor=Mw', undefined, 400],
  ])('%s', async (_, method, path, body, status) => {
    const reply = await shop.send(method, path, body);
    expect(reply.status).toBe(status);
    expect(reply.headers.get('content-type')).toBe('application/problem+json');
    expect(reply.body).toMatchObject({
      status,
      title: expect.any(String),
      detail: expect.any(String),
      code: expect.any(String),
    });
    expect(reply.body['correlation_id']).toBe(reply.headers.get('x-correlation-id'));
    if (status === 405) expect(reply.headers.get('allow')).toMatch(/GET|POST/);
  });

  test('all faults of a body are told at once', async () => {
    const reply = await shop.post('/orders', { amount: 1.5, description: 7, colour: 'red' });
    const paths = (reply.body['errors'] as { path: string }[]).map(({ path }) => path);
    expect(paths.sort()).toEqual(['amount', 'colour', 'description', 'user_id']);
  });

  test('a correlation id is taken, and answered', async () => {
    const reply = await shop.send('GET', '/orders?user_id=a', undefined, {
      headers: { 'X-Correlation-Id': 'thread-7' },
    });
    expect(reply.headers.get('x-correlation-id')).toBe('thread-7');
  });
});
