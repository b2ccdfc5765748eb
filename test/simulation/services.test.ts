import { describe, expect, test } from 'vitest';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

const cause = { time: '2026-01-01T00:00:00.000Z', correlation_id: 'correlation', causation_id: 'cause' };
const accountOpened = (user_id: string) => AccountOpened.make({ user_id }, cause);
const orderCreated = (order_id: string) =>
  OrderCreated.make({ order_id, user_id: 'alice', amount: 10, created_at: cause.time }, cause);

const post = (simulation: Simulation, route: string, body: unknown) =>
  simulation.runUntilDone(simulation.request(route, { body }));

/** Creates a simulation with a customer who can pay ten orders. */
async function createShop(faults: Faults = {}) {
  const simulation = new Simulation(1, faults);
  await post(simulation, 'POST /payments/accounts', { user_id: 'alice' });
  await post(simulation, 'POST /payments/accounts/deposit', { user_id: 'alice', amount: 100 });
  await simulation.settle();
  const placeOrder = async () =>
    String((await post(simulation, 'POST /orders', { user_id: 'alice', amount: 10 })).body['id']);
  const statusOf = async (id: string) =>
    (await simulation.runUntilDone(simulation.request('GET /orders/{id}', { path: { id } }))).body['status'];
  return { simulation, placeOrder, statusOf };
}

/** Lets the next invocation by a queue or a table's stream freeze at its first call. */
function freezeOnce({ faults }: Simulation, source: string): void {
  faults.freezesAfterCalls = (queueOrTable) => {
    if (queueOrTable !== source) return undefined;
    delete faults.freezesAfterCalls;
    return 0;
  };
}

describe('the simulated bus', () => {
  test('delivers an event only if its source and its type match, like the rules', async () => {
    const simulation = new Simulation();
    simulation.deliver({ ...accountOpened('alice'), source: 'orders' });
    simulation.deliver(accountOpened('bob'));
    await simulation.settle();
    const received = simulation.queues.balance_updates.receives.map(({ body }) => JSON.parse(body));
    expect(received).toEqual([accountOpened('bob')]);
    expect(simulation.queues.balance_updates.dlq).toEqual([]);
  });
});

describe('the simulated queues', () => {
  test.each([
    ['order-payments', 90],
    ['balance_updates', 90],
    ['outbox-retry', 180],
  ] as const)('deliver a message of %s again %i s after the function has failed', async (name, seconds) => {
    const simulation = new Simulation();
    const queue = simulation.queues[name];
    freezeOnce(simulation, name);
    queue.send('not an event');
    await simulation.clock.runUntil(() => queue.receives.length === 2);
    const [first, second] = queue.receives.map(({ timeMs }) => timeMs);
    expect(Number(second) - Number(first)).toBe(seconds * 1000);
  });
});

test('a message whose requeue fails is received again after the visibility timeout', async () => {
  const { simulation, placeOrder, statusOf } = await createShop();
  const end = simulation.clock.now() + 20_000;
  simulation.faults.tableFails = ({ table, nowMs }) => (table === 'payments' && nowMs < end ? 'hangs' : undefined);
  simulation.faults.queueFails = (queue, nowMs) => queue === 'order-payments' && nowMs < end;
  const id = await placeOrder();
  await simulation.settle();
  const times = simulation.queues['order-payments'].receives.map(({ timeMs }) => timeMs);
  expect(times.slice(1).map((timeMs) => timeMs - Number(times[0]))).toEqual([90_000]);
  expect(await statusOf(id)).toBe('FINISHED');
});

describe('the simulated streams', () => {
  const outboxRow = (id: string, events: unknown): Row => ({
    pk: `ORDER#${id}`,
    sk: `OUTBOX#OrderCreated:${id}`,
    events: typeof events === 'string' ? events : JSON.stringify(events),
  });
  const id = 'a'.repeat(26);

  test('pass on inserted outbox records, and neither other rows nor changes', async () => {
    const simulation = new Simulation();
    const record = outboxRow(id, [orderCreated(id)]);
    const put = (row: Row) => simulation.orders.write([{ op: 'put', row }], 'token');
    await put({ ...record, sk: 'STATE' });
    await put(record);
    await put({ ...record, note: 'changed' });
    await simulation.settle();
    const created = simulation.published.filter(({ type }) => type === 'OrderCreated');
    expect(created.map((event) => event.id)).toEqual([`OrderCreated:${id}`]);
  });

  test('continue after a record that cannot be read', async () => {
    const { simulation, placeOrder, statusOf } = await createShop();
    await simulation.orders.write([{ op: 'put', row: outboxRow(id, 'not JSON') }], 'token');
    const placed = await placeOrder();
    await simulation.settle();
    expect(await statusOf(placed)).toBe('FINISHED');
  });

  test('repeat a whole batch until its events are sent or parked', async () => {
    const { simulation, placeOrder, statusOf } = await createShop();
    const end = simulation.clock.now() + 10_000;
    const { send } = simulation.queues['outbox-retry'];
    simulation.faults.busFails = (_call, nowMs) => nowMs < end;
    simulation.queues['outbox-retry'].send = (body, delayMs) => {
      if (simulation.clock.now() < end) throw new Error('SQS is unavailable');
      send.call(simulation.queues['outbox-retry'], body, delayMs);
    };
    const placed = await placeOrder();
    await simulation.settle();
    expect(await statusOf(placed)).toBe('FINISHED');
  });
});

describe('a function that is ended at its timeout', () => {
  test('settles no message: the batch returns after the visibility timeout, and each order is paid once', async () => {
    const { simulation, placeOrder, statusOf } = await createShop();
    const queue = simulation.queues['order-payments'];
    queue.stop();
    const ids = [await placeOrder(), await placeOrder()];
    await simulation.runUntilDone(simulation.clock.sleep(1000));
    freezeOnce(simulation, 'order-payments');
    queue.start();
    await simulation.settle();
    expect(queue.crashes).toMatchObject([{ name: 'FunctionTimedOut' }]);
    const times = queue.receives.map(({ timeMs }) => timeMs - Number(queue.receives[0]?.timeMs));
    expect(times).toEqual([0, 0, 90_000, 90_000]);
    expect(await Promise.all(ids.map(statusOf))).toEqual(['FINISHED', 'FINISHED']);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('delivers its batch of stream records again if it is the relay', async () => {
    const { simulation, placeOrder, statusOf } = await createShop();
    freezeOnce(simulation, 'orders');
    const id = await placeOrder();
    await simulation.settle();
    expect(simulation.relayFailures).toMatchObject([{ name: 'FunctionTimedOut' }]);
    expect(await statusOf(id)).toBe('FINISHED');
  });

  test('is answered by the gateway with 502 if it is an API', async () => {
    const { simulation } = await createShop();
    simulation.payments.get = () => new Promise(() => undefined);
    const path = { user_id: 'alice' };
    const startMs = simulation.clock.now();
    const response = simulation.request('GET /payments/accounts/{user_id}/balance', { path });
    expect(await simulation.runUntilDone(response)).toMatchObject({ status: 502, body: { code: 'bad_gateway' } });
    expect(simulation.clock.now() - startMs).toBe(20_000);
  });
});
