import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { ApiClient, expectStatus, type HttpResponse, type Item } from '../support/api-client.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const shop = new ApiClient(inject('url'));
const cli = new OpsCli(inject('endpoint'));

const PRESSES = 50;

const cartOf = async (user: string) => expectStatus(await shop.get(`/carts/${user}`), 200).body;
const putCart = async (user: string, ...items: Item[]) =>
  expectStatus(await shop.send('PUT', `/carts/${user}`, { items }), 200).body;
const checkOut = (user: string, key?: string, body: object = {}): Promise<HttpResponse> =>
  shop.post(`/carts/${user}/checkout`, body, key === undefined ? {} : { key });
const ordersOf = async (user: string) =>
  expectStatus(await shop.get(`/orders?user_id=${user}`), 200).body as unknown as Record<string, unknown>[];

const folder = mkdtempSync(join(tmpdir(), 'oncebox-carts-test-'));
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true });
  await shop.send('PUT', '/catalog/rules', { mode: 'first_match', rules: [] });
});

const fileOf = (name: string, value: object): string => {
  const path = join(folder, name);
  writeFileSync(path, JSON.stringify(value));
  return path;
};

describe('a cart', () => {
  test.each([
    ['one key', () => 'key'],
    [`${PRESSES} keys`, (index: number) => `key-${index}`],
  ])(`checked out ${PRESSES} times at once with %s: one order, one debit, empty cart`, async (_, keyOf) => {
    const sku = await shop.product({ price: 40, stock: 10 });
    const customer = await shop.customer(1000);
    await putCart(customer, { sku, quantity: 2 });
    const presses = Array.from({ length: PRESSES }, (__, index) => checkOut(customer, keyOf(index)));
    const responses = await Promise.all(presses);
    expect(responses.map(({ status }) => status)).toEqual(responses.map(() => 201));
    const [first] = responses;
    for (const { body } of responses) expect(body).toEqual(first?.body);
    expect(responses.filter(({ headers }) => !headers.has('idempotency-replayed'))).toHaveLength(1);
    // From the moment of the order on, the cart is empty for everybody who asks.
    expect(await cartOf(customer)).toEqual({ user_id: customer, lines: [], total: 0 });

    const id = String(first?.body['id']);
    expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'FINISHED', amount: 80 });
    expect(await shop.balance(customer)).toBe(920);
    expect((await shop.statement(customer)).map(({ amount }) => amount)).toEqual([-80, 1000]);
    const orders = await poll(
      () => ordersOf(customer),
      ({ length }) => length > 0,
    );
    expect(orders.map((order) => order['id'])).toEqual([id]);
  });

  test('is changed, emptied and filled again, and a checkout of nothing is rejected', async () => {
    const sku = await shop.product({ price: 7, stock: 10 });
    const customer = await shop.customer(100);
    expect((await checkOut(customer)).body['code']).toBe('cart_empty');
    const first = await putCart(customer, { sku, quantity: 1 });
    expect(await cartOf(customer)).toMatchObject({ total: 7, cart_id: first['cart_id'], lines: [{ sku, price: 7 }] });
    expectStatus(await shop.send('DELETE', `/carts/${customer}`), 200);
    expect((await checkOut(customer)).body['code']).toBe('cart_empty');
    await putCart(customer, { sku, quantity: 3 });
    expect(await checkOut(customer, 'again')).toMatchObject({ status: 201, body: { amount: 21 } });
    const second = await putCart(customer, { sku, quantity: 3 });
    expect(second['cart_id']).not.toBe(first['cart_id']);
    expect(await cartOf(customer)).toMatchObject({ total: 21 });
  });

  test('that was ordered is not ordered at another amount, nor again after it was deleted', async () => {
    const sku = await shop.product({ price: 7, stock: 10 });
    const customer = await shop.customer(100);
    await putCart(customer, { sku, quantity: 2 });
    const { body } = await checkOut(customer, 'first', { amount: 14 });
    expect(await checkOut(customer, 'second', { amount: 1 })).toMatchObject({
      status: 409,
      body: { code: 'cart_already_ordered', order_id: body['id'] },
    });
    expect((await checkOut(customer, 'third', { amount: 14 })).body).toEqual(body);
    await shop.waitForFinalState(String(body['id']));
    expectStatus(await shop.send('DELETE', `/carts/${customer}`), 200);
    expect((await checkOut(customer, 'fourth')).body['code']).toBe('cart_empty');
    expect((await checkOut(customer, 'first', { amount: 14 })).body).toEqual(body);
    expect(await shop.balance(customer)).toBe(86);
  });
});

describe('price rules', () => {
  test('are set, shown, tried and rolled back by commands, and orders follow them', async () => {
    const sku = await shop.product({ price: 1000, stock: 100 });
    const customer = await shop.customer(10_000);
    const rule = (id: string, effect: object, when?: object) => ({
      id,
      skus: [sku],
      effect,
      ...(when ? { when } : {}),
    });
    const tenOff = rule('ten-off', { type: 'percent', basis_points: -1000 });
    const staff = rule('staff', { type: 'price', price: 1 }, { customer_tag: 'staff' });
    const items = [{ sku, quantity: 2 }];
    const totalOf = async (body: object = { items }) =>
      expectStatus(await shop.post('/quotes', body), 201).body['total'];

    const set = (rules: object[]) =>
      cli.json<{ version: number }>('rules', 'set', fileOf('rules.json', { mode: 'first_match', rules }));
    const { version } = await set([tenOff]);
    expect(await totalOf()).toBe(1800);
    const shown = await cli.run('rules', 'show');
    expect(shown.stdout).toContain(`Version ${version}: 1 rule, first_match`);
    expect(shown.stdout).toContain('10 % off');
    expect((await cli.run('rules', 'set', join(folder, 'rules.json'))).stdout).toContain('Nothing was changed');

    const tried = fileOf('tried.json', { mode: 'first_match', rules: [staff, tenOff] });
    await shop.send('PUT', `/catalog/customers/${customer}`, { tags: ['staff'] });
    expect((await shop.get(`/catalog/customers/${customer}`)).body).toEqual({ user_id: customer, tags: ['staff'] });
    const cart = fileOf('cart.json', { items, user_id: customer });
    const trial = await cli.run('rules', 'try', tried, '--cart', cart);
    expect(trial.stdout).toMatch(/total +1800 +2 +-1798/);
    expect(await totalOf({ items, user_id: customer })).toBe(1800);

    const bad = fileOf('bad.json', { mode: 'best', rules: [rule('x', { type: 'percent', basis_points: 0.5 })] });
    const refused = await cli.run('rules', 'set', bad);
    expect(refused).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/mode: .*\n +rules\.0\.effect\.basis_points: /),
    });

    const { version: second } = await cli.json<{ version: number }>('rules', 'set', tried);
    // Setting the same rules again has used a version.
    expect(second).toBeGreaterThan(version);
    expect(await totalOf({ items, user_id: customer })).toBe(2);
    const history = await cli.json<{ version: number; rules: string[] }[]>('rules', 'history', '--limit', '2');
    expect(history).toMatchObject([{ version: second, rules: ['staff', 'ten-off'] }, { version }]);
    const rolledBack = await cli.run('rules', 'rollback', String(version));
    expect(rolledBack.stdout).toContain(`Version ${second + 1} of the price rules is valid now: 1 rule`);
    expect(await totalOf({ items, user_id: customer })).toBe(1800);
    expect((await cli.run('rules', 'show', '999999')).stderr).toContain('There is no version 999999');
  });

  test('do not change the price of a quote that was given, and a changed price is rejected with the new one', async () => {
    const sku = await shop.product({ price: 500, stock: 100 });
    const customer = await shop.customer(10_000);
    const items = [{ sku, quantity: 1 }];
    const halve = {
      mode: 'combine',
      rules: [{ id: 'half', skus: [sku], effect: { type: 'percent', basis_points: -5000 } }],
    };
    const created = expectStatus(await shop.post('/quotes', { items, user_id: customer }), 201);
    const quote = created.body;
    expect(created.headers.get('location')).toMatch(new RegExp(`/quotes/${quote['quote_id']}$`));
    expect(await shop.get(`/quotes/${quote['quote_id']}`)).toMatchObject({ status: 200, body: quote });
    expectStatus(await shop.send('PUT', '/catalog/rules', halve), 200);

    const changed = await shop.post('/orders', { user_id: customer, items, amount: 500 });
    expect(changed).toMatchObject({ status: 409, body: { code: 'price_changed', quote: { total: 250 } } });
    const placed = await shop.post('/orders', { user_id: customer, items, quote_id: quote['quote_id'] });
    expect(placed).toMatchObject({ status: 201, body: { amount: 500, pricing: { quote_id: quote['quote_id'] } } });
    await putCart(customer, { sku, quantity: 1 });
    const checkedOut = await checkOut(customer, 'k', { quote_id: quote['quote_id'], amount: 500 });
    expect(checkedOut).toMatchObject({ status: 201, body: { amount: 500 } });
    for (const { body } of [placed, checkedOut])
      expect(await shop.waitForFinalState(String(body['id']))).toMatchObject({ status: 'FINISHED' });
    expect(await shop.balance(customer)).toBe(9000);
    const version = (await shop.get('/catalog/rules')).body['version'];
    expect((await shop.get(`/catalog/rules/versions/${version}`)).body).toMatchObject(halve);
  });
});
