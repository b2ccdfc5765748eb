import { beforeEach, describe, expect, test } from 'vitest';
import { PriceShop } from '../../support/price-shop.ts';

const shirts = [{ sku: 'shirt', quantity: 2 }];
const poster = [{ sku: 'poster', quantity: 1 }];
const empty = { user_id: 'alice', lines: [], total: 0 };
const replayed = { 'Idempotency-Replayed': 'true' };

let shop: PriceShop;
beforeEach(async () => {
  shop = await PriceShop.open();
  await shop.openAccount('alice', 10_000);
});

/** Lets no event reach the catalog, so that the row of the cart keeps its items. */
const holdEvents = () => shop.simulation.queues['catalog-invalidation'].stop();
const settle = () => shop.simulation.settle();
const cartRow = () => shop.simulation.catalog.get({ pk: 'CART#alice', sk: 'STATE' });

describe('a checkout', () => {
  test('places one order with the items of the cart at their price, and empties the cart', async () => {
    await shop.putSale(10);
    const cart_id = (await shop.putCart(shirts)).body['cart_id'];
    const response = await shop.checkOut(undefined, { description: 'Gift', metadata: { note: 'x' } });
    expect(response).toMatchObject({
      status: 201,
      headers: { Location: `/orders/${response.body['id']}` },
      body: {
        user_id: 'alice',
        amount: 1800,
        items: shirts,
        cart_id,
        description: 'Gift',
        metadata: { note: 'x' },
        status: 'NEW',
        pricing: { rules_version: 1, lines: [{ list_price: 1000, price: 900, rules: ['rule'] }] },
      },
    });
    expect(response.headers).not.toHaveProperty('Idempotency-Replayed');
    await settle();
    expect(await cartRow()).toMatchObject({ cart_id, items: [] });
    expect(await shop.cart()).toEqual(empty);
    expect(await shop.balance('alice')).toBe(8200);
    const order = await shop.call('GET /orders/{id}', { path: { id: String(response.body['id']) } });
    expect(order.body).toMatchObject({ status: 'FINISHED', cart_id });
  });

  test('of an empty cart is rejected, and writes nothing', async () => {
    const rejected = { status: 409, body: { code: 'cart_empty' } };
    expect(await shop.checkOut()).toMatchObject(rejected);
    await shop.putCart(shirts);
    await shop.call('DELETE /carts/{user_id}', { path: { user_id: 'alice' } });
    expect(await shop.checkOut()).toMatchObject(rejected);
    expect(shop.simulation.orders.all()).toEqual([]);
  });

  test('that was refused can be repeated with its key', async () => {
    for (let time = 0; time < 2; time++)
      expect(await shop.checkOut('key-1')).toMatchObject({ status: 409, body: { code: 'cart_empty' } });
    await shop.putCart(shirts);
    const placed = await shop.checkOut('key-1');
    expect(placed.status).toBe(201);
    expect((await shop.checkOut('key-1')).body).toEqual(placed.body);
  });

  test('is rejected at another amount with the current price, and leaves the cart as it is', async () => {
    await shop.putCart(shirts);
    await shop.putSale(10);
    expect(await shop.checkOut('key-1', { amount: 2000 })).toMatchObject({
      status: 409,
      body: { code: 'price_changed', quote: { total: 1800 } },
    });
    expect(await shop.cart()).toMatchObject({ total: 1800 });
    expect(await shop.checkOut('key-1', { amount: 1800 })).toMatchObject({ status: 201 });
  });

  test('pays the price of a quote for the same items', async () => {
    await shop.putCart(shirts);
    const quote_id = (await shop.quote({ items: shirts, user_id: 'alice' })).body['quote_id'];
    await shop.putSale(50);
    const other = (await shop.quote({ items: poster })).body['quote_id'];
    expect(await shop.checkOut(undefined, { quote_id: other })).toMatchObject({ status: 422 });
    expect(await shop.checkOut(undefined, { quote_id })).toMatchObject({
      body: { amount: 2000, pricing: { quote_id } },
    });
  });

  test.each([
    ['of 0', 0, 'amount_zero'],
    ['above the maximum', 10 ** 12, 'amount_limit'],
  ])('is rejected at a total %s', async (_, price, code) => {
    await shop.putCart(shirts);
    await shop.putRule({ effect: { type: 'price', price } });
    expect(await shop.checkOut()).toMatchObject({ status: 422, body: { code } });
    expect(shop.placedOrders()).toEqual([]);
  });
});

describe('a second checkout of a cart', () => {
  test.each([
    ['with the same key', 'key-1', 'key-1'],
    ['with another key', 'key-1', 'key-2'],
    ['without a key', undefined, undefined],
    ['without a key after one with a key', 'key-1', undefined],
  ])('%s returns the first order, before the cart is emptied and after', async (_, first, second) => {
    await shop.putCart(shirts);
    holdEvents();
    const { body } = await shop.checkOut(first);
    expect(await shop.checkOut(second)).toMatchObject({ status: 201, headers: replayed, body });
    shop.simulation.queues['catalog-invalidation'].start();
    await settle();
    expect(await shop.checkOut(second)).toMatchObject({ status: 201, headers: replayed, body });
    await settle();
    expect(shop.placedOrders()).toHaveLength(1);
    expect(shop.debits()).toHaveLength(1);
    expect(await shop.balance('alice')).toBe(8000);
  });

  test('with the same key and another body is rejected', async () => {
    await shop.putCart(shirts);
    await shop.checkOut('key-1');
    expect(await shop.checkOut('key-1', { description: 'other' })).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test('returns the order as it was placed, whatever it costs or is by now', async () => {
    await shop.putCart(shirts);
    const { body } = await shop.checkOut();
    await settle();
    await shop.putSale(50);
    expect((await shop.checkOut(undefined, { amount: 2000 })).body).toEqual(body);
  });

  test.each([
    ['amount', { amount: 1000 }],
    ['quote_id', { quote_id: 'a'.repeat(26) }],
    ['description', { description: 'another' }],
    ['metadata', { metadata: { note: 'another' } }],
  ])('that names another %s is rejected, before the cart is emptied and after', async (name, other) => {
    await shop.putCart(shirts);
    const quote_id = String((await shop.quote({ items: shirts, user_id: 'alice' })).body['quote_id']);
    const terms = { quote_id, amount: 2000, description: 'Gift', metadata: { note: 'x' } };
    holdEvents();
    const { body } = await shop.checkOut('key-1', terms);
    const rejected = {
      status: 409,
      body: { code: 'cart_already_ordered', order_id: body['id'], detail: expect.stringContaining(`another ${name} `) },
    };
    expect(await shop.checkOut('key-2', { ...terms, ...other })).toMatchObject(rejected);
    shop.simulation.queues['catalog-invalidation'].start();
    await settle();
    for (const key of ['key-2', undefined]) expect(await shop.checkOut(key, other)).toMatchObject(rejected);
    for (const same of [terms, {}]) expect((await shop.checkOut(undefined, same)).body).toEqual(body);
    expect(shop.debits()).toHaveLength(1);
  });
});

describe('a cart that was checked out', () => {
  const deleteCart = () => shop.call('DELETE /carts/{user_id}', { path: { user_id: 'alice' } });

  test('and deleted is not ordered again by a late checkout, but its key still returns its order', async () => {
    await shop.putCart(shirts);
    const first = await shop.checkOut('key-1');
    await settle();
    await deleteCart();
    const deleted = await cartRow();
    for (const key of ['key-2', undefined])
      expect(await shop.checkOut(key)).toMatchObject({ status: 409, body: { code: 'cart_empty' } });
    expect((await shop.checkOut('key-1')).body).toEqual(first.body);
    await deleteCart();
    expect(await cartRow()).toMatchObject({ cart_id: deleted?.['cart_id'], items: [] });
  });

  test('and deleted before its event arrives stays deleted', async () => {
    await shop.putCart(shirts);
    holdEvents();
    await shop.checkOut('key-1');
    await deleteCart();
    shop.simulation.queues['catalog-invalidation'].start();
    await settle();
    expect(await shop.checkOut('key-2')).toMatchObject({ status: 409, body: { code: 'cart_empty' } });
    expect(shop.debits()).toHaveLength(1);
  });

  test('is empty from the moment of its order, although its row is emptied later', async () => {
    await shop.putCart(shirts);
    holdEvents();
    await shop.checkOut();
    expect(await cartRow()).toMatchObject({ items: shirts });
    expect(await shop.cart()).toEqual(empty);
  });

  test('leads to a second order if the same items are put into it again', async () => {
    await shop.putCart(shirts);
    holdEvents();
    const first = await shop.checkOut();
    await shop.putCart(shirts);
    expect(await shop.cart()).toMatchObject({ total: 2000 });
    const second = await shop.checkOut();
    expect(second.body['id']).not.toBe(first.body['id']);
    shop.simulation.queues['catalog-invalidation'].start();
    await settle();
    expect(await shop.cart()).toEqual(empty);
    expect(shop.debits()).toHaveLength(2);
  });

  test('keeps what was put into it between two checkouts, and the first key still returns the first order', async () => {
    await shop.putCart(shirts);
    holdEvents();
    const first = await shop.checkOut('key-1');
    await shop.putCart(poster);
    expect((await shop.checkOut('key-1')).body).toEqual(first.body);
    shop.simulation.queues['catalog-invalidation'].start();
    await settle();
    expect(await shop.cart()).toMatchObject({ total: 300 });
    expect(await shop.checkOut('key-2')).toMatchObject({ body: { amount: 300 } });
    expect((await shop.checkOut('key-1')).body).toEqual(first.body);
  });

  test('returns its order to a key that was second, also when the cart has other items by then', async () => {
    await shop.putCart(shirts);
    const first = await shop.checkOut('key-1');
    await shop.checkOut('key-2');
    await settle();
    await shop.putCart(poster);
    expect((await shop.checkOut('key-2')).body).toEqual(first.body);
    expect(shop.placedOrders()).toHaveLength(1);
  });

  test('is one of its own user: the same items of two users are two orders', async () => {
    await shop.openAccount('bob', 5000);
    for (const user of ['alice', 'bob']) {
      await shop.putCart(shirts, user);
      expect((await shop.checkOut('key-1', {}, user)).body).toMatchObject({ user_id: user, amount: 2000 });
    }
    await settle();
    expect([await shop.balance('alice'), await shop.balance('bob')]).toEqual([8000, 3000]);
  });
});
