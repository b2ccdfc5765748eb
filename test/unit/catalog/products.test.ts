import { beforeEach, describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { MAX_AMOUNT } from '../../../events/money.ts';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { quote } from '../../../lambdas/catalog/quote.ts';
import { FEED_INTERVAL_MS } from '../../../lambdas/shared/cache/feed.ts';
import { createCursor } from '../../../lambdas/shared/http/paging.ts';
import { Simulation } from '../../support/simulation.ts';

let simulation: Simulation;
beforeEach(() => {
  simulation = new Simulation();
});

const shirt = { name: 'T-shirt', price: 1500, stock: 10 };
const put = (sku: string, body: unknown = shirt) =>
  simulation.runUntilDone(simulation.request('PUT /catalog/products/{sku}', { path: { sku }, body }));
const show = (sku: string) =>
  simulation.runUntilDone(simulation.request('GET /catalog/products/{sku}', { path: { sku } }));
const list = (query?: Record<string, string>) =>
  simulation.runUntilDone(simulation.request('GET /catalog/products', query ? { query } : {}));
const changes = () => simulation.published.filter(({ type }) => type === 'ProductChanged').map(({ data }) => data);
const stockChanged = (sku: string, claimed: number, version: number) =>
  StockChanged.make(
    { sku, claimed, version },
    { time: new Date(simulation.clock.now()).toISOString(), correlation_id: 'x', causation_id: 'y' },
  ) as Envelope;

describe('a product', () => {
  test('exists as soon as it is put, and gets its stock in tickets', async () => {
    const product = { sku: 'shirt', ...shirt, available: 10 };
    expect(await put('shirt')).toMatchObject({ status: 200, body: product });
    expect(await show('shirt')).toMatchObject({ status: 200, body: product });
    await simulation.settle();
    expect(changes()).toEqual([{ sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 10, version: 1 }]);
    expect(await simulation.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toMatchObject({ capacity: 10, claimed: 0 });
  });

  test('put again unchanged stays as it is, and the same event is published again each time', async () => {
    await put('shirt');
    await simulation.settle();
    simulation.deliver(stockChanged('shirt', 4, 1));
    await simulation.settle();
    const before = await simulation.catalog.get({ pk: 'PRODUCT#shirt', sk: 'STATE' });
    const stock = await simulation.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' });
    for (let repeat = 0; repeat < 2; repeat++)
      expect(await put('shirt')).toMatchObject({ status: 200, body: { sku: 'shirt', ...shirt, available: 6 } });
    await simulation.settle();
    const after = await simulation.catalog.get({ pk: 'PRODUCT#shirt', sk: 'STATE' });
    expect(after).toEqual({ ...before, version: Number(before?.['version']) + 2 });
    expect(await simulation.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toEqual(stock);
    const [first, ...again] = simulation.published.filter(({ type }) => type === 'ProductChanged');
    expect(again).toHaveLength(2);
    for (const event of again)
      expect(event).toMatchObject({ id: first?.id, data: first?.data, nudge: expect.any(String) });
  });

  test('put again by the same request is published again once', async () => {
    await put('shirt');
    const headers = { 'X-Correlation-Id': 'seed' };
    const putAgain = () =>
      simulation.runUntilDone(
        simulation.request('PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body: shirt, headers }),
      );
    for (const response of [await putAgain(), await putAgain()]) expect(response.status).toBe(200);
    await simulation.settle();
    expect(changes()).toHaveLength(2);
  });

  test('put with another stock is changed', async () => {
    await put('shirt');
    expect(await put('shirt', { ...shirt, stock: 3 })).toMatchObject({ body: { stock: 3, available: 3 } });
    await simulation.settle();
    expect(changes()).toContainEqual({ sku: 'shirt', name: 'T-shirt', price: 1500, capacity: 3, version: 2 });
    expect(await simulation.tickets.get({ pk: 'SKU#shirt', sk: 'STOCK' })).toMatchObject({ capacity: 3 });
  });

  test('put with another stock is read back at once', async () => {
    await put('shirt');
    await show('shirt');
    await put('shirt', { ...shirt, stock: 3 });
    expect(await show('shirt')).toMatchObject({ body: { stock: 3 }, headers: { 'X-Cache': 'hit' } });
    expect((await list()).body).toMatchObject([{ sku: 'shirt', stock: 3 }]);
  });

  test('put concurrently has a version for each change and ends with the last one', async () => {
    const prices = Array.from({ length: 10 }, (_, index) => index + 1);
    await Promise.all(prices.map((price) => put('shirt', { ...shirt, price })));
    await simulation.settle();
    const published = changes() as { version: number; price: number }[];
    expect(published.map(({ version }) => version).sort((a, b) => a - b)).toEqual(prices);
    expect((await show('shirt')).body['price']).toBe(published.find(({ version }) => version === 10)?.price);
  });

  test('that does not exist is not found', async () => {
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
  ])('put as %j is rejected with all errors, and nothing is written', async (body, paths) => {
    const response = await put('shirt', body);
    expect(response.status).toBe(400);
    expect((response.body['errors'] as { path: string }[]).map(({ path }) => path).sort()).toEqual(paths);
    expect(simulation.catalog.all()).toEqual([]);
  });
});

describe('the product list', () => {
  test('is empty without products', async () => {
    expect(await list()).toMatchObject({ status: 200, body: [] });
  });

  test('returns each product once, ordered by SKU, page by page, with current values', async () => {
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

  test.each(['', 'no sku', 7])('rejects a cursor of %j', async (sortValue) => {
    expect(await list({ cursor: createCursor(sortValue) })).toMatchObject({
      status: 400,
      body: { errors: [{ path: 'cursor' }] },
    });
  });
});

describe('the available quantity', () => {
  test('follows the newest StockChanged, in whichever order the events are received', async () => {
    await put('shirt');
    await simulation.settle();
    for (const event of [stockChanged('shirt', 4, 2), stockChanged('shirt', 9, 1), stockChanged('shirt', 4, 2)])
      simulation.deliver(event);
    await simulation.settle();
    expect(await show('shirt')).toMatchObject({ body: { stock: 10, available: 6 } });
    await put('shirt', { ...shirt, stock: 2 });
    expect(await show('shirt')).toMatchObject({ body: { stock: 2, available: 0 } });
    simulation.deliver(stockChanged('shirt', 1, 3));
    await simulation.settle();
    await simulation.runUntilDone(simulation.clock.sleep(FEED_INTERVAL_MS));
    expect(await show('shirt')).toMatchObject({ body: { stock: 2, available: 1 } });
    await simulation.settle();
    expect(changes()).toHaveLength(2);
  });

  test('follows a StockChanged that is received before the product exists, which is not a failure', async () => {
    simulation.deliver(stockChanged('shirt', 4, 1));
    simulation.clock.at(simulation.clock.now() + 5000, () => void put('shirt'));
    await simulation.settle();
    expect(await show('shirt')).toMatchObject({ body: { available: 6 } });
    expect(simulation.queues['catalog-invalidation'].dlq).toEqual([]);
  });
});

describe('a quote', () => {
  test('is the sum of its lines at current prices', async () => {
    await put('shirt');
    await put('concert', { name: 'Concert', price: 9900, stock: 1 });
    const items = [
      { sku: 'concert', quantity: 1, seat: 'A1' },
      { sku: 'shirt', quantity: 2 },
      { sku: 'shirt', quantity: 1 },
    ];
    expect(await quote(simulation.catalog, { items }, () => simulation.clock.now())).toEqual({
      rules_version: 0,
      decidedMs: simulation.clock.now(),
      total: 9900 + 3 * 1500,
      lines: [
        { ...items[0], list_price: 9900, price: 9900, amount: 9900, rules: [] },
        { ...items[1], list_price: 1500, price: 1500, amount: 3000, rules: [] },
        { ...items[2], list_price: 1500, price: 1500, amount: 1500, rules: [] },
      ],
    });
    await put('shirt', { ...shirt, price: 1 });
    expect((await quote(simulation.catalog, { items }, () => simulation.clock.now())).total).toBe(9903);
  });

  test('rejects unknown products and names each of them', async () => {
    await put('shirt');
    const items = ['shirt', 'hat', 'shoe', 'hat'].map((sku) => ({ sku, quantity: 1 }));
    const result = quote(simulation.catalog, { items }, () => simulation.clock.now());
    await expect(result).rejects.toMatchObject({
      code: 'unknown_sku',
      status: 400,
      message: 'There is no product hat or shoe.',
    });
  });

  test('rejects a total above the maximum amount of an order', async () => {
    await put('gold', { name: 'Gold', price: MAX_AMOUNT, stock: 2 });
    expect(
      (await quote(simulation.catalog, { items: [{ sku: 'gold', quantity: 1 }] }, () => simulation.clock.now())).total,
    ).toBe(MAX_AMOUNT);
    await expect(
      quote(simulation.catalog, { items: [{ sku: 'gold', quantity: 2 }] }, () => simulation.clock.now()),
    ).rejects.toMatchObject({
      code: 'amount_limit',
      status: 422,
    });
  });
});
