import { beforeEach, describe, expect, test } from 'vitest';
import { CartCheckedOut } from '../../../events/orders/cart-checked-out.ts';
import { PriceShop } from '../../support/price-shop.ts';

const WEEK_MS = 7 * 24 * 3_600_000;
const shirts = [{ sku: 'shirt', quantity: 2 }];
const poster = [{ sku: 'poster', quantity: 1 }];
const empty = { user_id: 'alice', lines: [], total: 0 };

let shop: PriceShop;
beforeEach(async () => {
  shop = await PriceShop.open();
});

const cartRow = () => shop.simulation.catalog.get({ pk: 'CART#alice', sk: 'STATE' });
const deleteCart = () => shop.call('DELETE /carts/{user_id}', { path: { user_id: 'alice' } });

describe('a cart', () => {
  test('is empty until items are put into it', async () => {
    expect(await shop.cart()).toEqual(empty);
    expect(await shop.putCart(shirts)).toMatchObject({ status: 200, body: { total: 2000 } });
    expect(await shop.cart()).toMatchObject({
      user_id: 'alice',
      cart_id: expect.any(String),
      total: 2000,
      rules_version: 0,
      lines: [{ ...shirts[0], list_price: 1000, price: 1000, amount: 2000, rules: [] }],
    });
    expect(await shop.cart('bob')).toEqual({ ...empty, user_id: 'bob' });
  });

  test('shows the prices of now, for the tags of its user', async () => {
    await shop.putCart(shirts);
    await shop.putSale(10);
    expect(await shop.cart()).toMatchObject({ total: 1800, rules_version: 1 });
    await shop.putRule({ when: { customer_tag: 'staff' }, effect: { type: 'price', price: 1 } });
    expect(await shop.cart()).toMatchObject({ total: 2000 });
    await shop.tag('alice', 'staff');
    expect(await shop.cart()).toMatchObject({ total: 2 });
  });

  test('is shown although nobody can pay its total', async () => {
    await shop.putCart(shirts);
    await shop.putSale(100);
    expect(await shop.cart()).toMatchObject({ total: 0, lines: [{ price: 0 }] });
  });

  test('changes its id with its items only', async () => {
    const first = (await shop.putCart(shirts)).body['cart_id'];
    expect((await shop.putCart(shirts)).body['cart_id']).toBe(first);
    const second = (await shop.putCart(poster)).body['cart_id'];
    expect(second).not.toBe(first);
    expect(await shop.cart()).toMatchObject({ cart_id: second, total: 300 });
  });

  test('is empty once it is deleted, also if it is deleted twice', async () => {
    const first = (await shop.putCart(shirts)).body['cart_id'];
    for (let time = 0; time < 2; time++) expect(await deleteCart()).toMatchObject({ status: 200, body: empty });
    expect(await shop.cart()).toEqual(empty);
    expect((await shop.putCart(shirts)).body['cart_id']).not.toBe(first);
  });

  test('that was never filled is written without items when it is deleted', async () => {
    await deleteCart();
    expect(await cartRow()).toMatchObject({ items: [], version: 1 });
    expect(await shop.cart()).toEqual(empty);
  });

  test.each([
    ['no lines', [], 400],
    ['21 lines', Array.from({ length: 21 }, () => shirts[0]), 400],
    ['20 lines', Array.from({ length: 20 }, () => shirts[0]), 200],
    ['an unknown product', [{ sku: 'hat', quantity: 1 }], 400],
    ['a price', [{ ...shirts[0], price: 1 }], 400],
  ])('with %s is answered with its status', async (_, items, status) => {
    expect((await shop.putCart(items as typeof shirts)).status).toBe(status);
    if (status === 400) expect(await cartRow()).toBeUndefined();
  });

  test('put concurrently has the items of one request, under a version for each change', async () => {
    await Promise.all([1, 2, 3, 4, 5].map((quantity) => shop.putCart([{ sku: 'shirt', quantity }])));
    expect(await cartRow()).toMatchObject({ version: 5 });
    expect((await shop.cart())['lines']).toHaveLength(1);
  });
});

describe('an expired cart', () => {
  beforeEach(async () => {
    await shop.putCart(shirts);
    await shop.wait(WEEK_MS);
  });

  test('is not shown and not ordered, although its row is still there', async () => {
    expect(await cartRow()).toMatchObject({ items: shirts });
    expect(await shop.cart()).toEqual(empty);
    expect(await shop.checkOut()).toMatchObject({ status: 409, body: { code: 'cart_empty' } });
    expect(shop.placedOrders()).toEqual([]);
  });

  test('is shown again once it is put again, as a new generation', async () => {
    const expired = (await cartRow())?.['cart_id'];
    expect((await shop.putCart(shirts)).body['cart_id']).not.toBe(expired);
    expect(await shop.cart()).toMatchObject({ total: 2000 });
  });
});

describe('CartCheckedOut', () => {
  const checkedOut = (cart_id: string) =>
    CartCheckedOut.make(
      { order_id: 'a'.repeat(26), user_id: 'alice', cart_id },
      { time: new Date(shop.simulation.clock.now()).toISOString(), correlation_id: 'x', causation_id: 'y' },
    );
  const receive = async (cart_id: string) => {
    shop.simulation.deliver(checkedOut(cart_id));
    await shop.simulation.settle();
  };

  test('empties the cart once, however often it is received', async () => {
    const id = String((await shop.putCart(shirts)).body['cart_id']);
    await receive(id);
    const row = await cartRow();
    expect(row).toMatchObject({ cart_id: id, items: [] });
    await receive(id);
    expect(await cartRow()).toEqual(row);
  });

  test('leaves a cart that was changed since, and a cart that does not exist', async () => {
    const id = String((await shop.putCart(shirts)).body['cart_id']);
    await shop.putCart(poster);
    const row = await cartRow();
    await receive(id);
    expect(await cartRow()).toEqual(row);
    shop.simulation.deliver({ ...checkedOut(id), data: { ...checkedOut(id).data, user_id: 'bob' } });
    await shop.simulation.settle();
    expect(await shop.cart('bob')).toEqual({ ...empty, user_id: 'bob' });
  });
});
