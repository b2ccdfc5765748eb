import { expect, test } from 'vitest';
import { resendEvents } from '../../bin/ops/resend-events.ts';
import type { RelayPorts } from '../../lambdas/relay/relay.ts';
import { noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { Simulation } from '../support/simulation.ts';

const HOUR_MS = 3_600_000;
const USERS = 5;
const PRICE = 10;

const request = (simulation: Simulation, ...args: Parameters<Simulation['request']>) =>
  simulation.runUntilDone(simulation.request(...args));

async function placeOrders(simulation: Simulation, count: number): Promise<string[]> {
  const ids: string[] = [];
  for (let index = 0; index < count; index++) {
    const body = { user_id: `user-${index % USERS}`, items: [{ sku: 'show', quantity: 1 }] };
    ids.push(String((await request(simulation, 'POST /orders', { body })).body['id']));
  }
  return ids;
}

async function openAccounts(simulation: Simulation): Promise<void> {
  for (let index = 0; index < USERS; index++) {
    const user_id = `user-${index}`;
    await request(simulation, 'POST /payments/accounts', { body: { user_id } });
    await request(simulation, 'POST /payments/accounts/deposit', { body: { user_id, amount: 1000 } });
  }
}

/** Sends the stored events of a time again, as `ops outbox resend` does. */
async function resend(simulation: Simulation, fromMs: number): Promise<number> {
  const tables = ['payments', 'orders', 'tickets', 'catalog', 'documents'] as const;
  async function* readPages() {
    for (const table of tables) yield simulation[table].all().filter(({ sk }) => sk.startsWith('OUTBOX#'));
  }
  const ports: RelayPorts = {
    bus: async (events) => {
      for (const event of events) simulation.deliver(event);
      return events.map(() => undefined);
    },
    park: async () => Promise.reject(new Error('the bus refuses nothing')),
    clock: simulation.clock,
    chaos: async () => noFaults,
  };
  const filter = { fromMs, toMs: simulation.clock.now(), types: [] };
  const { signal } = new AbortController();
  const work = resendEvents({ pages: readPages(), filter, ports, signal });
  const { sent } = await simulation.runUntilDone(work);
  await simulation.settle();
  return sent;
}

const statusOf = async (simulation: Simulation, id: string) =>
  (await request(simulation, 'GET /orders/{id}', { path: { id } })).body['status'];

test('a resend publishes what the streams dropped after a day, and a second resend changes nothing', async () => {
  const simulation = new Simulation(3);
  const product = { name: 'Show', price: PRICE, stock: 100 };
  await request(simulation, 'PUT /catalog/products/{sku}', { path: { sku: 'show' }, body: product });
  await openAccounts(simulation);
  await simulation.settle();

  // The relay publishes nothing for 25 hours, and the streams drop their records after 24.
  const stalledAt = simulation.clock.now();
  simulation.faults.loses = () => true;
  const ids = await placeOrders(simulation, 20);
  await simulation.settle();
  await simulation.runUntilDone(simulation.clock.sleep(25 * HOUR_MS));
  simulation.faults.loses = () => false;
  const later = await placeOrders(simulation, 5);
  await simulation.settle();
  for (const id of ids) expect(await statusOf(simulation, id)).toBe('NEW');

  expect(await resend(simulation, stalledAt)).toBeGreaterThanOrEqual(ids.length);
  for (const id of [...ids, ...later]) expect(await statusOf(simulation, id)).toBe('FINISHED');
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  const shown = await request(simulation, 'GET /catalog/products/{sku}', { path: { sku: 'show' } });
  expect(shown.body).toMatchObject({ stock: 100, available: 75 });
  for (let index = 0; index < USERS; index++) {
    const path = { user_id: `user-${index}` };
    const balance = { balance: 1000 - 5 * PRICE };
    expect((await request(simulation, 'GET /balances/{user_id}', { path })).body).toMatchObject(balance);
  }

  const entries = () => simulation.payments.all().filter(({ sk }) => !sk.startsWith('OUTBOX#'));
  const before = JSON.stringify(entries());
  expect(await resend(simulation, stalledAt)).toBeGreaterThan(ids.length);
  expect(JSON.stringify(entries())).toBe(before);
});
