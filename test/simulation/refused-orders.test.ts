import { expect, test } from 'vitest';
import { Simulation } from '../support/simulation.ts';

const headers = { 'Idempotency-Key': 'k' };
const body = { user_id: 'alice', amount: 100, items: [{ sku: 'gig', quantity: 1 }] };

async function createShop(seed: number, chaos = {}) {
  const simulation = new Simulation(seed, { chaos });
  const request = (route: string, options: object) => simulation.runUntilDone(simulation.request(route, options));
  const changePrice = (price: number) =>
    simulation.request('PUT /catalog/products/{sku}', { path: { sku: 'gig' }, body: { name: 'Gig', price, stock: 5 } });
  await request('POST /payments/accounts', { body: { user_id: 'alice' } });
  await request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 1000 } });
  await simulation.runUntilDone(changePrice(100));
  await simulation.settle();
  const balance = async () =>
    (await request('GET /payments/accounts/{user_id}/balance', { path: { user_id: 'alice' } })).body['balance'];
  return { simulation, request, changePrice, balance };
}

test('an order that was refused because of its price is never paid, also if an earlier write of it arrives late', async () => {
  const paid: unknown[] = [];
  for (let seed = 1; seed <= 60; seed++) {
    const { simulation, request, changePrice, balance } = await createShop(seed);
    let hasHung = false;
    simulation.faults.tableFails = ({ table, operation }) => {
      if (hasHung || table !== 'orders' || operation !== 'write') return undefined;
      hasHung = true;
      return 'hangs';
    };
    const first = await request('POST /orders', { body, headers });
    await simulation.runUntilDone(changePrice(120));
    await simulation.runUntilDone(simulation.clock.sleep(1000));
    const second = await request('POST /orders', { body, headers });
    // The customer takes the refusal as final, and orders at the new price with another key.
    const ordersAgain = second.status === 409;
    if (ordersAgain)
      await request('POST /orders', { body: { ...body, amount: 120 }, headers: { 'Idempotency-Key': 'k2' } });
    await simulation.settle();
    const expected = ordersAgain ? 880 : 900;
    if ((await balance()) !== expected)
      paid.push({ seed, statuses: [first.status, second.status], balance: await balance() });
  }
  expect(paid).toEqual([]);
});

test('of two requests with one key, none is refused if the other one places the order', async () => {
  const results: Record<string, number> = {};
  for (let seed = 1; seed <= 200; seed++) {
    const { simulation, changePrice } = await createShop(seed, { transaction_conflict: 0.5 });
    const order = async (delayMs: number) => {
      await simulation.clock.sleep(delayMs);
      return (await simulation.request('POST /orders', { body, headers })).status;
    };
    const raisePrice = simulation.clock.sleep(4).then(() => changePrice(120));
    const [first, second] = await simulation.runUntilDone(Promise.all([order(0), order(15), raisePrice]));
    results[`${first} ${second}`] = (results[`${first} ${second}`] ?? 0) + 1;
  }
  expect(Object.keys(results).sort()).toEqual(['201 201', '409 409']);
});

test('a request that was refused can be repeated when the price is right again', async () => {
  const { simulation, request, changePrice, balance } = await createShop(1);
  await simulation.runUntilDone(changePrice(120));
  for (let repetition = 0; repetition < 2; repetition++)
    expect(await request('POST /orders', { body, headers })).toMatchObject({ status: 409 });
  await simulation.runUntilDone(changePrice(100));
  const placed = await request('POST /orders', { body, headers });
  expect(placed).toMatchObject({ status: 201, body: { amount: 100, status: 'NEW' } });
  await simulation.runUntilDone(changePrice(120));
  expect(await request('POST /orders', { body, headers })).toMatchObject({ status: 201, body: placed.body });
  await simulation.settle();
  expect(await balance()).toBe(900);
});

test('the id of a request that was refused is no order', async () => {
  const { simulation, request, changePrice } = await createShop(1);
  await simulation.runUntilDone(changePrice(120));
  await request('POST /orders', { body, headers });
  const [row] = simulation.orders.all();
  const path = { id: String(row?.pk).replace('ORDER#', '') };
  expect(await request('GET /orders/{id}', { path })).toMatchObject({ status: 404 });
  expect(await request('GET /orders/{id}/workflow', { path })).toMatchObject({ status: 404 });
  expect(await request('POST /orders/{id}/refund', { path, body: {} })).toMatchObject({ status: 404 });
  expect(await request('GET /orders', { query: { user_id: 'alice' } })).toMatchObject({ status: 200, body: [] });
});
