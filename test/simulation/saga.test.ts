import { describe, expect, test } from 'vitest';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

async function openAccount(simulation: Simulation, user_id: string, amount: number): Promise<void> {
  await simulation.runUntilDone(simulation.request('POST /payments/accounts', { body: { user_id } }));
  const deposit = simulation.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await simulation.runUntilDone(deposit)).status).toBe(200);
}

async function putProduct(simulation: Simulation, sku: string, price: number, stock: number): Promise<void> {
  const put = simulation.request('PUT /catalog/products/{sku}', { path: { sku }, body: { name: sku, price, stock } });
  expect((await simulation.runUntilDone(put)).status).toBe(200);
}

type Body = Record<string, unknown>;
async function placeOrder(simulation: Simulation, body: Body): Promise<string> {
  const response = await simulation.request('POST /orders', { body });
  expect(response).toMatchObject({ status: 201 });
  return String(response.body['id']);
}

const getOrder = async (simulation: Simulation, id: string): Promise<Body> =>
  (await simulation.runUntilDone(simulation.request('GET /orders/{id}', { path: { id } }))).body;
const getBalance = async (simulation: Simulation, user_id: string) =>
  (await simulation.runUntilDone(simulation.request('GET /payments/accounts/{user_id}/balance', { path: { user_id } })))
    .body['balance'];
const refund = (simulation: Simulation, id: string) =>
  simulation.runUntilDone(
    simulation.request('POST /orders/{id}/refund', { path: { id }, body: { reason: 'too late' } }),
  );

describe('the saga', () => {
  test('finishes an order without items after its payment and ticket', async () => {
    const simulation = new Simulation();
    await openAccount(simulation, 'alice', 100);
    const id = await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', amount: 60 }));
    await simulation.settle();
    expect(await getOrder(simulation, id)).toMatchObject({ status: 'FINISHED' });
    expect(await getBalance(simulation, 'alice')).toBe(40);
  });

  test('sells one seat to one of 1000 buyers and refunds the other 999', async () => {
    const simulation = new Simulation(7);
    await putProduct(simulation, 'show', 10, 1000);
    await Promise.all(Array.from({ length: 20 }, (_, index) => openAccount(simulation, `buyer-${index}`, 500)));
    const items = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const buying = Array.from({ length: 1000 }, (_, index) =>
      placeOrder(simulation, { user_id: `buyer-${index % 20}`, items }),
    );
    const ids = await simulation.runUntilDone(Promise.all(buying));
    await simulation.settle();
    const ended = await Promise.all(ids.map((id) => getOrder(simulation, id)));
    expect(ended.filter(({ status }) => status === 'FINISHED')).toHaveLength(1);
    const cancelled = ended.filter(({ status, reason }) => status === 'CANCELLED' && reason === 'seat_taken');
    expect(cancelled).toHaveLength(999);
    const balances = await Promise.all(
      Array.from({ length: 20 }, (_, index) => getBalance(simulation, `buyer-${index}`)),
    );
    expect(balances.reduce<number>((sum, balance) => sum + Number(balance), 0)).toBe(20 * 500 - 10);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('issues 1000 tickets of one product in fewer than 200 transactions on its stock', async () => {
    const simulation = new Simulation(7);
    await putProduct(simulation, 'show', 10, 1000);
    await Promise.all(Array.from({ length: 20 }, (_, index) => openAccount(simulation, `buyer-${index}`, 500)));
    await simulation.settle();
    const { write } = simulation.tickets;
    let attempts = 0;
    simulation.tickets.write = (writes, token) => {
      attempts += 1;
      return write(writes, token);
    };
    const items = [{ sku: 'show', quantity: 1 }];
    const buying = Array.from({ length: 1000 }, (_, index) =>
      placeOrder(simulation, { user_id: `buyer-${index % 20}`, items }),
    );
    await simulation.runUntilDone(Promise.all(buying));
    await simulation.settle();
    const stock = await simulation.tickets.get({ pk: 'SKU#show', sk: 'STOCK' });
    expect(stock).toMatchObject({ claimed: 1000 });
    expect(simulation.tickets.all().filter(({ decision }) => decision === 'issued')).toHaveLength(1000);
    // The number includes conflicts. With one transaction per order it would be about 3000.
    expect(attempts).toBeLessThan(200);
  });

  test('refunds a finished order once, frees its seat, and rejects a second refund', async () => {
    const simulation = new Simulation();
    await putProduct(simulation, 'show', 10, 1);
    await openAccount(simulation, 'alice', 10);
    await openAccount(simulation, 'bob', 10);
    const items = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const id = await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', items }));
    await simulation.settle();
    expect(await refund(simulation, id)).toMatchObject({
      status: 202,
      body: { order_id: id, status: 'refund_initiated' },
    });
    expect(await refund(simulation, id)).toMatchObject({ status: 409 });
    await simulation.settle();
    expect(await getOrder(simulation, id)).toMatchObject({ status: 'REFUNDED' });
    expect(await getBalance(simulation, 'alice')).toBe(10);
    const second = await simulation.runUntilDone(placeOrder(simulation, { user_id: 'bob', items }));
    await simulation.settle();
    expect(await getOrder(simulation, second)).toMatchObject({ status: 'FINISHED' });
    expect(await refund(simulation, id)).toMatchObject({ status: 409 });
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('issues the ticket for a new product even if ProductChanged arrives late', async () => {
    const simulation = new Simulation(3, { busFails: (_, now) => now < Date.parse('2026-01-01T00:00:40Z') });
    await openAccount(simulation, 'alice', 10);
    await putProduct(simulation, 'new', 10, 1);
    const id = await simulation.runUntilDone(
      placeOrder(simulation, { user_id: 'alice', items: [{ sku: 'new', quantity: 1 }] }),
    );
    await simulation.settle();
    expect(await getOrder(simulation, id)).toMatchObject({ status: 'FINISHED' });
  });
});

test('the sweep finishes an order whose ProductChanged was lost, once the product is put again', async () => {
  const simulation = new Simulation(3, {
    loses: ({ type, nudge }) => type === 'ProductChanged' && nudge === undefined,
  });
  await openAccount(simulation, 'alice', 10);
  await putProduct(simulation, 'new', 10, 1);
  const id = await simulation.runUntilDone(
    placeOrder(simulation, { user_id: 'alice', items: [{ sku: 'new', quantity: 1 }] }),
  );
  await simulation.settle();
  await simulation.runUntilDone(simulation.clock.sleep(30 * 60_000));
  expect(await getOrder(simulation, id)).toMatchObject({ status: 'PAYMENT_AUTHORIZED' });
  // The message was requeued for as long as ProductChanged could have been parked, and then dead-lettered.
  expect(simulation.queues['ticket-issuing'].dlq.map(({ details }) => details?.reason)).toEqual([
    'PrerequisiteMissing: no ProductChanged received yet: new',
  ]);
  await putProduct(simulation, 'new', 10, 1);
  await simulation.settle();
  const isOpen = async () => (await getOrder(simulation, id))['status'] !== 'FINISHED';
  for (let minutes = 0; minutes < 70 && (await isOpen()); minutes++) await simulation.sweepAfterMinute();
  expect(await isOpen()).toBe(false);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
});

/** All events of the saga: of finished, declined, rejected and refunded orders. */
const sagaEvents = [
  'OrderCreated',
  'PaymentAuthorized',
  'PaymentDeclined',
  'TicketIssued',
  'TicketRejected',
  'RefundRequested',
  'PaymentRefunded',
  'TicketVoided',
];

describe.each(sagaEvents)('the sweep after the loss of every first %s', (type) => {
  test('ends every order', async () => {
    const lost = new Set<string>();
    const simulation = new Simulation(5, {
      loses: (event) =>
        event.type === type && event.nudge === undefined && !lost.has(event.id) && Boolean(lost.add(event.id)),
    });
    await openAccount(simulation, 'alice', 100);
    await putProduct(simulation, 'show', 10, 1);
    const seat = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const ids = [
      await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', amount: 10 })),
      await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', items: seat })),
      await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', items: seat })),
      await simulation.runUntilDone(placeOrder(simulation, { user_id: 'alice', amount: 1000 })),
    ];
    const openOrders = async () => {
      const orders = await Promise.all(ids.map((id) => getOrder(simulation, id)));
      return orders.filter(({ status }) => !['FINISHED', 'CANCELLED', 'REFUNDED'].includes(String(status)));
    };
    const sweepUntilEnded = async () => {
      for (let minutes = 0; minutes < 10 && (await openOrders()).length > 0; minutes++)
        await simulation.sweepAfterMinute();
      expect(await openOrders()).toEqual([]);
    };
    await simulation.settle();
    await sweepUntilEnded();
    expect((await refund(simulation, String(ids[0]))).status).toBe(202);
    await simulation.settle();
    await sweepUntilEnded();
    expect(lost.size).toBeGreaterThan(0);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
    // The first order was refunded, and one of the two orders for the seat was finished.
    expect(await getBalance(simulation, 'alice')).toBe(90);
  });
});

const scenarios: [string, Faults][] = [
  ['20 % of all events refused by the bus', { chaos: { publish_failure: 0.2 } }],
  ['duplicate messages and lost acknowledgements', { lostAckRate: 0.05, chaos: { duplicate: 0.3 } }],
  [
    'conflicts, crashes and refused events together',
    {
      lostAckRate: 0.05,
      chaos: {
        transaction_conflict: 0.3,
        publish_failure: 0.2,
        duplicate: 0.1,
        consumer_crash_before: 0.05,
        consumer_crash_after: 0.05,
      },
    },
  ],
];

test.each(scenarios)('500 orders and their refunds end with exact balances despite %s', async (_, faults) => {
  const simulation = new Simulation(11, faults);
  await putProduct(simulation, 'show', 7, 200);
  await Promise.all(Array.from({ length: 10 }, (_, index) => openAccount(simulation, `c${index}`, 350)));
  const bodyOf = (index: number) => ({ user_id: `c${index % 10}`, items: [{ sku: 'show', quantity: 1 }] });
  const ids = await simulation.runUntilDone(
    Promise.all(Array.from({ length: 500 }, (_, index) => placeOrder(simulation, bodyOf(index)))),
  );
  await simulation.settle();
  const ended = await Promise.all(ids.map((id) => getOrder(simulation, id)));
  const finished = ended.filter(({ status }) => status === 'FINISHED');
  expect(finished).toHaveLength(200);
  expect(ended.filter(({ status, reason }) => status === 'CANCELLED' && reason === 'sold_out')).toHaveLength(300);
  await Promise.all(
    finished.slice(0, 100).map(async ({ id }) => expect((await refund(simulation, String(id))).status).toBe(202)),
  );
  await simulation.settle();
  const balances = await Promise.all(Array.from({ length: 10 }, (_, index) => getBalance(simulation, `c${index}`)));
  expect(balances.reduce<number>((sum, balance) => sum + Number(balance), 0)).toBe(10 * 350 - 100 * 7);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
});
