import { beforeEach, describe, expect, test } from 'vitest';
import { quote } from '../../../lambdas/catalog/quote.ts';
import { QUOTE_VALID_MS } from '../../../lambdas/catalog/quote-row.ts';
import { quoteStore } from '../../../lambdas/catalog/quote-store.ts';
import { rulesStore } from '../../../lambdas/catalog/rules-store.ts';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { interruptions, interruptRead } from '../../support/interrupted-read.ts';
import { PriceShop } from '../../support/price-shop.ts';

const items = [{ sku: 'shirt', quantity: 2 }];
const staffPrice = { when: { customer_tag: 'staff' }, effect: { type: 'price', price: 1 } };

let shop: PriceShop;
beforeEach(async () => {
  shop = await PriceShop.open();
});

describe('POST /quotes', () => {
  test('explains each line by its rule, with the version and the price before and after', async () => {
    await shop.putSale(10);
    const { status, body } = await shop.quote({ items: [...items, { sku: 'poster', quantity: 1, seat: 'A1' }] });
    expect(status).toBe(201);
    const explained = (before: number, after: number) => [{ rule: 'rule', before, after }];
    expect(body).toEqual({
      quote_id: expect.stringMatching(/^[a-z2-7]{26}$/),
      rules_version: 1,
      total: 2070,
      lines: [
        { ...items[0], list_price: 1000, price: 900, amount: 1800, rules: explained(1000, 900) },
        {
          sku: 'poster',
          quantity: 1,
          seat: 'A1',
          list_price: 300,
          price: 270,
          amount: 270,
          rules: explained(300, 270),
        },
      ],
      created_at: expect.any(String),
      expires_at: expect.any(String),
    });
    expect(Date.parse(String(body['expires_at'])) - Date.parse(String(body['created_at']))).toBe(QUOTE_VALID_MS);
  });

  test('prices by the tags of the customer that it names', async () => {
    await shop.putRule(staffPrice);
    await shop.tag('alice', 'staff');
    expect((await shop.quote({ items, user_id: 'alice' })).body).toMatchObject({ total: 2, user_id: 'alice' });
    expect((await shop.quote({ items, user_id: 'bob' })).body['total']).toBe(2000);
    expect((await shop.quote({ items })).body['total']).toBe(2000);
  });

  test('rejects a tag that the caller gives himself', async () => {
    const forged = { items, user_id: 'alice', tags: ['staff'] };
    expect((await shop.quote(forged)).status).toBe(400);
    expect((await shop.order(forged)).status).toBe(400);
  });

  test('with the same key returns the first quote again, although the rules have changed', async () => {
    const first = await shop.quote({ items }, 'key-1');
    await shop.putSale(100);
    const repeated = await shop.quote({ items }, 'key-1');
    expect(repeated).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' }, body: first.body });
    expect(await shop.quote({ items: [{ sku: 'poster', quantity: 1 }] }, 'key-1')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test.each(interruptions)('returns one quote to two attempts of a request (%o)', async (interruption) => {
    const { catalog: table, clock } = shop.simulation;
    await shop.wait(60_001);
    const createOn = (store: Store) =>
      quoteStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY }).create(
        { items },
        { id: 'same', body_hash: 'hash', hasKey: true },
      );
    const store = interruptRead(table, interruption, async () => {
      await createOn(table);
      await rulesStore({ store: table, clock, deadlineMs: Number.POSITIVE_INFINITY }).put({
        set: { mode: 'combine', rules: [{ id: 'free', effect: { type: 'price', price: 0 } }] },
        correlationId: 'request',
      });
    });
    expect(await createOn(store)).toMatchObject({ quote: { quote_id: 'same', total: 2000 } });
  });

  test.each([
    ['of 0', { effect: { type: 'price', price: 0 } }, 'amount_zero'],
    ['above the maximum', { effect: { type: 'price', price: 10 ** 12 } }, 'amount_limit'],
  ])('rejects a total %s with 422, and stores no quote', async (_, rule, code) => {
    await shop.putRule(rule);
    await shop.simulation.settle();
    const rows = shop.simulation.catalog.all();
    expect(await shop.quote({ items })).toMatchObject({ status: 422, body: { code } });
    expect(await shop.order({ user_id: 'alice', items })).toMatchObject({ status: 422, body: { code } });
    expect(shop.simulation.catalog.all()).toEqual(rows);
  });

  test('says only that a total is above the maximum, because prices above it are cut', async () => {
    await shop.putRule({ effect: { type: 'percent', basis_points: 100_000 } });
    await shop.putProduct('shirt', 10 ** 12);
    const { body } = await shop.quote({ items });
    expect(body['detail']).toBe('The items cost more than 1000000000000, the maximum amount of an order.');
  });

  test('rejects unknown products', async () => {
    expect(await shop.quote({ items: [{ sku: 'hat', quantity: 1 }] })).toMatchObject({
      status: 400,
      body: { code: 'unknown_sku' },
    });
  });
});

describe('a quote', () => {
  const show = (id: unknown) => shop.call('GET /quotes/{id}', { path: { id: String(id) } });
  const DAY_MS = 24 * 3_600_000;

  test('is shown at the place that its creation names, also when it has expired', async () => {
    const { headers, body } = await shop.quote({ items, user_id: 'alice' });
    expect(headers['Location']).toBe(`/quotes/${body['quote_id']}`);
    expect(await show(body['quote_id'])).toMatchObject({ status: 200, body });
    await shop.wait(DAY_MS - 2000);
    expect((await show(body['quote_id'])).body).toEqual(body);
  });

  test('that does not exist is not found', async () => {
    expect(await show('a'.repeat(26))).toMatchObject({ status: 404, body: { code: 'quote_not_found' } });
  });

  test('is unknown after a day, whether or not TTL has deleted its row', async () => {
    const { quote_id } = (await shop.quote({ items })).body;
    const order = () => shop.order({ user_id: 'alice', items, quote_id });
    await shop.wait(DAY_MS - 2000);
    expect(await order()).toMatchObject({ status: 409, body: { code: 'quote_expired' } });
    await shop.wait(4000);
    expect(await shop.simulation.catalog.get({ pk: `QUOTE#${quote_id}`, sk: 'STATE' })).toBeDefined();
    expect(await order()).toMatchObject({ status: 404, body: { code: 'quote_not_found' } });
    expect(await show(quote_id)).toMatchObject({ status: 404, body: { code: 'quote_not_found' } });
  });

  test('is created anew under the same key after a day, once', async () => {
    const first = await shop.quote({ items }, 'key-1');
    await shop.putSale(50);
    await shop.wait(DAY_MS + 2000);
    const [second, third] = [await shop.quote({ items }, 'key-1'), await shop.quote({ items }, 'key-1')];
    expect(second).toMatchObject({ status: 201, body: { quote_id: first.body['quote_id'], total: 1000 } });
    expect(second.headers).not.toHaveProperty('Idempotency-Replayed');
    expect(third).toMatchObject({ headers: { 'Idempotency-Replayed': 'true' }, body: second.body });
  });
});

describe('an order with items', () => {
  test('keeps the rules and the prices of its lines, also when they change later', async () => {
    const version = await shop.putSale(10);
    const { status, body } = await shop.order({ user_id: 'alice', items });
    const pricing = { rules_version: version, lines: [{ list_price: 1000, price: 900, rules: ['rule'] }] };
    expect({ status, body }).toMatchObject({ status: 201, body: { amount: 1800, pricing } });
    await shop.putSale(50);
    const order = await shop.call('GET /orders/{id}', { path: { id: String(body['id']) } });
    expect(order.body).toMatchObject({ amount: 1800, pricing });
  });

  test('costs the price for the tags of its own customer', async () => {
    await shop.putRule(staffPrice);
    await shop.tag('alice', 'staff');
    expect((await shop.order({ user_id: 'alice', items })).body['amount']).toBe(2);
    expect((await shop.order({ user_id: 'bob', items })).body['amount']).toBe(2000);
  });

  test('at another amount is rejected with the current price, which is then accepted', async () => {
    await shop.putSale(10);
    const rejected = await shop.order({ user_id: 'alice', items, amount: 2000 });
    expect(rejected).toMatchObject({
      status: 409,
      body: {
        code: 'price_changed',
        quote: { total: 1800, rules_version: 1, lines: [{ price: 900, rules: [{ before: 1000, after: 900 }] }] },
      },
    });
    const amount = (rejected.body['quote'] as { total: number }).total;
    expect(await shop.order({ user_id: 'alice', items, amount })).toMatchObject({ status: 201, body: { amount } });
  });
});

describe('an order without items', () => {
  test('reads nothing from the catalog and has the same row as ever', async () => {
    const failing = () => Promise.reject(new Error('the catalog is read'));
    Object.assign(shop.simulation.catalog, { get: failing, getMany: failing, query: failing });
    expect((await shop.order({ user_id: 'alice', amount: 10, description: 'Gift' })).status).toBe(201);
    const [row] = shop.placedOrders();
    expect(Object.keys(row ?? {}).sort()).toEqual([
      ...['amount', 'body_hash', 'created_at', 'description', 'id', 'pk', 'placed_at_id', 'sk', 'state'],
      ...['updated_at', 'user_id', 'version'],
    ]);
  });

  test('cannot name a quote', async () => {
    const body = { user_id: 'alice', amount: 10, quote_id: 'a'.repeat(26) };
    expect(await shop.order(body)).toMatchObject({ status: 400, body: { errors: [{ path: 'items' }] } });
  });
});

describe('an order that names a quote', () => {
  const quoteId = async (body: object = { items }) => String((await shop.quote(body)).body['quote_id']);

  test('pays its price until it expires, whatever rules and products cost by then', async () => {
    await shop.putSale(10);
    const quote_id = await quoteId();
    await shop.putSale(50);
    await shop.putProduct('shirt', 7);
    await shop.wait(QUOTE_VALID_MS - 1000);
    expect(await shop.order({ user_id: 'alice', items, quote_id })).toMatchObject({
      status: 201,
      body: { amount: 1800, pricing: { rules_version: 1, quote_id, lines: [{ list_price: 1000, price: 900 }] } },
    });
    expect(await shop.order({ user_id: 'alice', items, quote_id, amount: 1799 })).toMatchObject({
      status: 409,
      body: { code: 'price_changed', quote: { quote_id, total: 1800 } },
    });
  });

  test('is rejected from the time at which the quote expires', async () => {
    const { quote_id, expires_at } = (await shop.quote({ items })).body;
    const expiresMs = Date.parse(String(expires_at));
    const priceAt = (nowMs: number) =>
      quote(shop.simulation.catalog, { items, quote_id: String(quote_id) }, () => nowMs);
    expect(await priceAt(expiresMs - 1)).toMatchObject({ total: 2000, decidedMs: expiresMs - 1 });
    await expect(priceAt(expiresMs)).rejects.toMatchObject({ code: 'quote_expired' });
    await shop.wait(expiresMs - shop.simulation.clock.now());
    const rejected = await shop.order({ user_id: 'alice', items, quote_id });
    expect(rejected).toMatchObject({ status: 409, body: { code: 'quote_expired' } });
    expect(shop.placedOrders()).toEqual([]);
  });

  test('is rejected if the quote expires while it is read', async () => {
    const { quote_id, expires_at } = (await shop.quote({ items })).body;
    await shop.wait(Date.parse(String(expires_at)) - shop.simulation.clock.now() - 1);
    const { get } = shop.simulation.catalog;
    shop.simulation.catalog.get = async (key) => {
      await shop.simulation.clock.sleep(1);
      return get(key);
    };
    expect((await shop.order({ user_id: 'alice', items, quote_id })).body['code']).toBe('quote_expired');
  });

  test('is returned again after the quote has expired, if its request is repeated', async () => {
    const quote_id = await quoteId();
    const first = await shop.order({ user_id: 'alice', items, quote_id }, 'key-1');
    await shop.wait(2 * QUOTE_VALID_MS);
    const repeated = await shop.order({ user_id: 'alice', items, quote_id }, 'key-1');
    expect(repeated).toMatchObject({ status: 201, headers: { 'Idempotency-Replayed': 'true' } });
    expect(repeated.body).toEqual(first.body);
    expect((await shop.order({ user_id: 'alice', items, quote_id }, 'key-2')).body['code']).toBe('quote_expired');
  });

  test.each([
    ['another quantity', [{ sku: 'shirt', quantity: 3 }]],
    ['another line', [...items, { sku: 'poster', quantity: 1 }]],
    ['a seat', [{ sku: 'shirt', quantity: 1, seat: 'A1' }]],
  ])('is rejected for other items: %s', async (_, others) => {
    const quote_id = await quoteId();
    expect(await shop.order({ user_id: 'alice', items: others, quote_id })).toMatchObject({
      status: 422,
      body: { code: 'quote_items_differ' },
    });
  });

  test('may have the lines of the quote in another order', async () => {
    const lines = [...items, { sku: 'poster', quantity: 1 }];
    const quote_id = await quoteId({ items: lines });
    expect(await shop.order({ user_id: 'alice', items: lines.toReversed(), quote_id })).toMatchObject({
      status: 201,
      body: { amount: 2300, pricing: { lines: [{ price: 300 }, { price: 1000 }] } },
    });
  });

  test('is rejected if the quote was given to another user, as if there were none', async () => {
    const quote_id = await quoteId({ items, user_id: 'alice' });
    const unknown = { status: 404, body: { code: 'quote_not_found' } };
    expect(await shop.order({ user_id: 'bob', items, quote_id })).toMatchObject(unknown);
    expect(await shop.order({ user_id: 'bob', items, quote_id: 'a'.repeat(26) })).toMatchObject(unknown);
    expect((await shop.order({ user_id: 'alice', items, quote_id })).status).toBe(201);
  });

  test('may use a quote without a customer, whoever orders', async () => {
    const quote_id = await quoteId();
    for (const user_id of ['alice', 'bob']) expect((await shop.order({ user_id, items, quote_id })).status).toBe(201);
  });
});
