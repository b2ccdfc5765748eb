import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { PaymentAuthorized } from '../../events/payments/payment-authorized.ts';
import type { MessageHistory } from '../../lambdas/shared/messaging/queue.ts';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { Simulation } from '../support/simulation.ts';

const MINUTE_MS = 60_000;

/** Creates a shop in which alice has money, and functions that create and order a product. */
async function createShop(seed: number) {
  const simulation = new Simulation(seed);
  const request = (route: string, options: object) => simulation.runUntilDone(simulation.request(route, options));
  await request('POST /payments/accounts', { body: { user_id: 'alice' } });
  await request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 1000 } });
  await simulation.settle();
  const orderOf = async (id: unknown) => (await request('GET /orders/{id}', { path: { id: String(id) } })).body;
  return {
    simulation,
    createProduct: () =>
      request('PUT /catalog/products/{sku}', { path: { sku: 'gig' }, body: { name: 'Gig', price: 100, stock: 5 } }),
    order: async (body: object = { items: [{ sku: 'gig', quantity: 1 }] }) =>
      (await request('POST /orders', { body: { user_id: 'alice', ...body } })).body['id'],
    statusOf: async (id: unknown) => (await orderOf(id))['status'],
    deadLetters: () => Object.values(simulation.queues).flatMap(({ dlq }) => dlq.map(({ details }) => details?.reason)),
    sleep: (ms: number) => simulation.runUntilDone(simulation.clock.sleep(ms)),
  };
}

describe('an order of a product that was created during an outage', () => {
  // The messages of the product and of the order wait for the table, and either may return first.
  test.each([1, 2, 3, 4, 5, 6, 7, 8])('of the table for 20 minutes gets its ticket (seed %i)', async (seed) => {
    const { simulation, createProduct, order, statusOf, deadLetters } = await createShop(seed);
    const endMs = simulation.clock.now() + 20 * MINUTE_MS;
    simulation.faults.tableFails = ({ table, nowMs }) =>
      table === 'tickets' && nowMs < endMs ? 'throttles' : undefined;
    await createProduct();
    const id = await order();
    await simulation.settle();
    expect(deadLetters()).toEqual([]);
    expect(await statusOf(id)).toBe('FINISHED');
  });

  // After the outage, each parked event is sent at its own time, up to 15 minutes later.
  test('of the bus gets its ticket, also if the bus then refuses one event in ten', async () => {
    const unfinished: unknown[] = [];
    for (let minutes = 2; minutes <= 120; minutes += 2) {
      const { simulation, createProduct, order, statusOf, deadLetters, sleep } = await createShop(minutes);
      const { clock } = simulation;
      const endMs = clock.now() + minutes * MINUTE_MS;
      simulation.faults.busFails = (_, nowMs) => nowMs < endMs || clock.random() < 0.1;
      await createProduct();
      await sleep(clock.random() * minutes * MINUTE_MS);
      const id = await order();
      await simulation.settle();
      const status = await statusOf(id);
      if (status !== 'FINISHED' || deadLetters().length > 0) unfinished.push({ minutes, status, dead: deadLetters() });
    }
    expect(unfinished).toEqual([]);
  });
});

test.each(['waiting_since', 'prerequisite_since'] as const)(
  'a message whose %s is in the future is dead-lettered in time',
  async (name) => {
    const { simulation, sleep, deadLetters } = await createShop(1);
    const queue = simulation.queues['ticket-issuing'];
    const cause = { time: toIso(simulation.clock.now()), correlation_id: 'o1', causation_id: 'c' };
    const payment: Envelope = PaymentAuthorized.make(
      {
        order_id: 'o'.repeat(26),
        user_id: 'alice',
        amount: 100,
        balance_after: 0,
        items: [{ sku: 'never', quantity: 1 }],
      },
      cause,
    );
    const history: MessageHistory = {
      failures: 0,
      receive_count: 0,
      first_received_at: cause.time,
      [name]: '9999-12-31T23:59:59.000Z',
    };
    await queue.requeue({ body: JSON.stringify(payment), delaySeconds: 0, history });
    await sleep(2 * 60 * MINUTE_MS);
    expect(deadLetters()).toEqual([expect.stringContaining('PrerequisiteMissing')]);
    expect(queue.receives.length).toBeLessThan(150);
  },
);

describe('an outbox record that was written by hand', () => {
  const hugeEvent = {
    id: 'OrderCreated:x',
    type: 'OrderCreated',
    version: 1,
    time: '2026-01-01T00:00:00.000Z',
    source: 'orders',
    correlation_id: 'x',
    causation_id: 'x',
    data: 'x'.repeat(300_000),
  };
  test.each([
    ['an event of 300 KB', JSON.stringify([hugeEvent])],
    ['a text of 300 KB', JSON.stringify(['x'.repeat(300_000)])],
    ['data that is nested 90,000 times', `[${'['.repeat(90_000)}${']'.repeat(90_000)}]`],
    ['no list', '5'],
  ])('with %s does not delay the events behind it', async (_, events) => {
    const { simulation, order, statusOf } = await createShop(1);
    const row = { pk: 'ORDER#hand', sk: 'OUTBOX#OrderCreated:hand', events };
    await simulation.orders.write([{ op: 'put', row }], 'token');
    const id = await order({ amount: 5 });
    await simulation.settle();
    expect(await statusOf(id)).toBe('FINISHED');
    expect(simulation.relayFailures).toEqual([]);
  });
});

test('orders of a product continue after an operator has deleted its stock row', async () => {
  const { simulation, createProduct, order, statusOf } = await createShop(1);
  const buy = async () => {
    const id = await order();
    await simulation.settle();
    return statusOf(id);
  };
  await createProduct();
  await simulation.settle();
  expect([await buy(), await buy()]).toEqual(['FINISHED', 'FINISHED']);
  const key = { pk: 'SKU#gig', sk: 'STOCK' };
  const version = Number((await simulation.tickets.get(key))?.['version']);
  await simulation.tickets.write([{ op: 'delete', key, when: { type: 'version', version } }], 'token');
  await createProduct();
  await simulation.settle();
  expect(await buy()).toBe('FINISHED');
});
