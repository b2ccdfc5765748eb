import { beforeEach, describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { MAX_AMOUNT } from '../../../events/money.ts';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { quote } from '../../../lambdas/catalog/quote.ts';
import { createCursor } from '../../../lambdas/shared/http/paging.ts';
import { Simulation } from '../../support/simulation.ts';

let world: Simulation;
beforeEach(() => {
  world = new Simulation();
});

const shirt = { name: 'T-shirt', price: 1500, stock: 10 };
const put = (sku: string, body: unknown = shirt) =>
  world.runUntilDone(world.request('PUT /catalog/products/{sku}', { path: { sku }, body }));
const show = (sku: string) => world.runUntilDone(world.request('GET /catalog/products/{sku}', { path: { sku } }));
const list = (query?: Record<string, string>) =>
  world.runUntilDone(world.request('GET /catalog/products', query ? { query } : {}));
const changes = () => world.published.filter(({ type }) => type === 'ProductChanged').map(({ data }) => data);
const claimed = (sku: string, claims: number, version: number) =>
  StockChanged.make(
    { sku, claimed: claims, version },
    { time: new Date(world.clock.now()).toISOString(), correlation_id: 'x', causation_id: 'y' },
  ) as Envelope;

describe('a product', () => {
  test('is there as soon as it is put, and tickets hear of it', async () => {
    const product = { sku: 'shirt', ...shirt, available: 10 };
    expect(await put('shirt')).toMatchObject({ status: 200, body: product });
    expect(await show('shirt')).toMatchObject({ status: 200, body: product });
    await world.settle();
    expect(changes()).toEqual([{ sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 10, version: 1 }]);
    expect(await world.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toMatchObject({ capacity: 10, claimed: 0 });
  });

  test('put again as it is stays as it is, and is told again each time: the same event', async () => {
    await put('shirt');
    await world.settle();
    world.deliver(claimed('shirt', 4, 1));
    await world.settle();
    const before = await world.catalog.get({ pk: 'PRODUCT#shirt', sk: 'STATE' });
    const stock = await world.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' });
    for (let time = 0; time < 2; time++)
      expect(await put('shirt')).toMatchObject({ status: 200, body: { sku: 'shirt', ...shirt, available: 6 } });
    await world.settle();
    expect(await world.catalog.get({ pk: 'PRODUCT#shirt', sk: 'STATE' })).toEqual(before);
    expect(await world.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toEqual(stock);
    const [first, ...again] = world.published.filter(({ type }) => type === 'ProductChanged');
    expect(again).toHaveLength(2);
    for (const event of again)
      expect(event).toMatchObject({ id: first?.id, data: first?.data, nudge: expect.any(String) });
  });

  test('put again by the same request is told again once', async () => {
    await put('shirt');
    const headers = { 'X-Correlation-Id': 'seed' };
    const again = () =>
      world.runUntilDone(
        world.request('PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body: shirt, headers }),
      );
    for (const reply of [await again(), await again()]) expect(reply.status).toBe(200);
    await world.settle();
    expect(changes()).toHaveLength(2);
  });

  test('put otherwise is otherwise', async () => {
    await put('shirt');
    expect(await put('shirt', { ...shirt, stock: 3 })).toMatchObject({ body: { stock: 3, available: 3 } });
    await world.settle();
    expect(changes()).toContainEqual({ sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 3, version: 2 });
    expect(await world.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toMatchObject({ capacity: 3 });
  });

  test('put by many at once ends as one of them wanted, with a version for each change', async () => {
    const prices = Array.from({ length: 10 }, (_, at) => at + 1);
    await Promise.all(prices.map((price) => put('shirt', { ...shirt, price })));
    await world.settle();
    const told = changes() as { version: number; price: number }[];
    expect(told.map(({ version }) => version).sort((one, other) => one - other)).toEqual(prices);
    expect((await show('shirt')).body['price']).toBe(told.find(({ version }) => version === 10)?.price);
  });

  test('that is not there is not found', async () => {
    expect(await show('nothing')).toMatchObject({ status: 404, body: { code: 'product_not_found' } });
    expect(await show('no/sku')).toMatchObject({ status: 404 });
  });

  test.each([
    [{ ...shirt, price: 0 }, ['price']],
    [{ ...shirt, price: 1.5, stock: -1 }, ['price', 'stock']],
    [{ ...shirt, name: '' }, ['name']],
    [{ ...shirt, name: '\ud800' }, ['name']],
    [{ ...shirt, name: 'x'.repeat(201) }, ['name']],
    [{ ...shirt, available: 3 }, ['available']],
    [{}, ['name', 'price', 'stock']],
  ])('is refused as %j with all of its faults, and leaves nothing', async (body, paths) => {
    const reply = await put('shirt', body);
    expect(reply.status).toBe(400);
    expect((reply.body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual(paths);
    expect(world.catalog.all()).toEqual([]);
  });
});

describe('the list', () => {
  test('is empty where there is nothing', async () => {
    expect(await list()).toMatchObject({ status: 200, body: [] });
  });

  test('has every product once, by sku, page by page, as it is now', async () => {
    for (const sku of ['d', 'a', 'c', 'e', 'B']) await put(sku);
    await put('a', { ...shirt, stock: 1 });
    const seen: string[] = [];
    let query: Record<string, string> | undefined = { limit: '2' };
    while (query) {
      const page = await list(query);
      const products = page.body as unknown as { sku: string; stock: number }[];
      seen.push(...products.map(({ sku, stock }) => `${sku} ${stock}`));
      const next = String(page.headers['Link'] ?? '').match(/^<\/catalog\/products\?(.*)>; rel="next"$/)?.[1];
      query = next === undefined ? undefined : Object.fromEntries(new URLSearchParams(next));
    }
    expect(seen).toEqual(['B 10', 'a 1', 'c 10', 'd 10', 'e 10']);
  });

  test.each(['', 'no sku', 7])('refuses a cursor that holds %j', async (sort) => {
    expect(await list({ cursor: createCursor(sort) })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cursor' }] },
    });
  });
});

describe('what is available', () => {
  test('follows the newest word of tickets, in whichever order they come', async () => {
    await put('shirt');
    await world.settle();
    for (const event of [claimed('shirt', 4, 2), claimed('shirt', 9, 1), claimed('shirt', 4, 2)]) world.deliver(event);
    await world.settle();
    expect(await show('shirt')).toMatchObject({ body: { stock: 10, available: 6 } });
    await put('shirt', { ...shirt, stock: 2 });
    expect(await show('shirt')).toMatchObject({ body: { stock: 2, available: 0 } });
    world.deliver(claimed('shirt', 1, 3));
    await world.settle();
    expect(await show('shirt')).toMatchObject({ body: { stock: 2, available: 1 } });
    await world.settle();
    expect(changes()).toHaveLength(2);
  });

  test('is heard of before the product itself: the word waits for it, and is no failure', async () => {
    world.deliver(claimed('shirt', 4, 1));
    world.clock.at(world.clock.now() + 5000, () => void put('shirt'));
    await world.settle();
    expect(await show('shirt')).toMatchObject({ body: { available: 6 } });
    expect(world.queues['catalog-invalidation'].dlq).toEqual([]);
  });
});

describe('a quote', () => {
  test('is the sum of its lines, each at the price of now', async () => {
    await put('shirt');
    await put('concert', { name: 'Concert', price: 9900, stock: 1 });
    const items = [
      { sku: 'concert', quantity: 1, seat: 'A1' },
      { sku: 'shirt', quantity: 2 },
      { sku: 'shirt', quantity: 1 },
    ];
    expect(await quote(world.catalog, items)).toEqual({
      total: 9900 + 3 * 1500,
      lines: [
        { ...items[0], price: 9900, amount: 9900 },
        { ...items[1], price: 1500, amount: 3000 },
        { ...items[2], price: 1500, amount: 1500 },
      ],
    });
    await put('shirt', { ...shirt, price: 1 });
    expect((await quote(world.catalog, items)).total).toBe(9903);
  });

  test('is refused where a product is not there, naming each', async () => {
    await put('shirt');
    const asked = quote(
      world.catalog,
      ['shirt', 'hat', 'shoe', 'hat'].map((sku) => ({ sku, quantity: 1 })),
    );
    await expect(asked).rejects.toMatchObject({
      code: 'unknown_sku',
      status: 400,
      message: 'there is no product hat, shoe',
    });
  });

  test('is refused above what an order may cost', async () => {
    await put('gold', { name: 'Gold', price: MAX_AMOUNT, stock: 2 });
    expect((await quote(world.catalog, [{ sku: 'gold', quantity: 1 }])).total).toBe(MAX_AMOUNT);
    await expect(quote(world.catalog, [{ sku: 'gold', quantity: 2 }])).rejects.toMatchObject({
      code: 'amount_limit',
      status: 422,
    });
  });
});
