import { describe, expect, test } from 'vitest';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

async function account(world: Simulation, user_id: string, amount: number): Promise<void> {
  await world.runUntilDone(world.request('POST /payments/accounts', { body: { user_id } }));
  const deposit = world.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await world.runUntilDone(deposit)).status).toBe(200);
}

async function product(world: Simulation, sku: string, price: number, stock: number): Promise<void> {
  const put = world.request('PUT /catalog/products/{sku}', { path: { sku }, body: { name: sku, price, stock } });
  expect((await world.runUntilDone(put)).status).toBe(200);
}

type Body = Record<string, unknown>;
async function order(world: Simulation, body: Body): Promise<string> {
  const reply = await world.request('POST /orders', { body });
  expect(reply).toMatchObject({ status: 201 });
  return String(reply.body['id']);
}

const orderOf = async (world: Simulation, id: string): Promise<Body> =>
  (await world.runUntilDone(world.request('GET /orders/{id}', { path: { id } }))).body;
const balanceOf = async (world: Simulation, user_id: string) =>
  (await world.runUntilDone(world.request('GET /payments/accounts/{user_id}/balance', { path: { user_id } }))).body[
    'balance'
  ];
const refund = (world: Simulation, id: string) =>
  world.runUntilDone(world.request('POST /orders/{id}/refund', { path: { id }, body: { reason: 'too late' } }));

describe('an order and its ticket', () => {
  test('a plain order is paid, ticketed and finished', async () => {
    const world = new Simulation();
    await account(world, 'alice', 100);
    const id = await world.runUntilDone(order(world, { user_id: 'alice', amount: 60 }));
    await world.settle();
    expect(await orderOf(world, id)).toMatchObject({ status: 'FINISHED' });
    expect(await balanceOf(world, 'alice')).toBe(40);
  });

  test('of a thousand buyers of one seat one gets it, and the others get their money back', async () => {
    const world = new Simulation(7);
    await product(world, 'show', 10, 1000);
    await Promise.all(Array.from({ length: 20 }, (_, at) => account(world, `buyer-${at}`, 500)));
    const items = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const buying = Array.from({ length: 1000 }, (_, at) => order(world, { user_id: `buyer-${at % 20}`, items }));
    const ids = await world.runUntilDone(Promise.all(buying));
    await world.settle();
    const ended = await Promise.all(ids.map((id) => orderOf(world, id)));
    expect(ended.filter(({ status }) => status === 'FINISHED')).toHaveLength(1);
    const cancelled = ended.filter(({ status, reason }) => status === 'CANCELLED' && reason === 'seat_taken');
    expect(cancelled).toHaveLength(999);
    const balances = await Promise.all(Array.from({ length: 20 }, (_, at) => balanceOf(world, `buyer-${at}`)));
    expect(balances.reduce<number>((sum, balance) => sum + Number(balance), 0)).toBe(20 * 500 - 10);
    expect(findLedgerErrors(world.payments.all())).toEqual([]);
  });

  test('a thousand buyers of one product get theirs in a fifth as many transactions upon its stock', async () => {
    const world = new Simulation(7);
    await product(world, 'show', 10, 1000);
    await Promise.all(Array.from({ length: 20 }, (_, at) => account(world, `buyer-${at}`, 500)));
    await world.settle();
    const { write } = world.tickets;
    let tried = 0;
    world.tickets.write = (writes, token) => {
      tried += 1;
      return write(writes, token);
    };
    const items = [{ sku: 'show', quantity: 1 }];
    const buying = Array.from({ length: 1000 }, (_, at) => order(world, { user_id: `buyer-${at % 20}`, items }));
    await world.runUntilDone(Promise.all(buying));
    await world.settle();
    const stock = await world.tickets.get({ pk: 'SKU#show', sk: 'STOCK' });
    expect(stock).toMatchObject({ claimed: 1000 });
    expect(world.tickets.all().filter(({ decision }) => decision === 'issued')).toHaveLength(1000);
    // conflicts included: by one order after the other they are three thousand
    expect(tried).toBeLessThan(200);
  });

  test('a finished order is refunded once, its seat is free again for another, and twice is refused', async () => {
    const world = new Simulation();
    await product(world, 'show', 10, 1);
    await account(world, 'alice', 10);
    await account(world, 'bob', 10);
    const items = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const id = await world.runUntilDone(order(world, { user_id: 'alice', items }));
    await world.settle();
    expect(await refund(world, id)).toMatchObject({ status: 202, body: { order_id: id, status: 'refund_initiated' } });
    expect(await refund(world, id)).toMatchObject({ status: 409 });
    await world.settle();
    expect(await orderOf(world, id)).toMatchObject({ status: 'REFUNDED' });
    expect(await balanceOf(world, 'alice')).toBe(10);
    const second = await world.runUntilDone(order(world, { user_id: 'bob', items }));
    await world.settle();
    expect(await orderOf(world, second)).toMatchObject({ status: 'FINISHED' });
    expect(await refund(world, id)).toMatchObject({ status: 409 });
    expect(findLedgerErrors(world.payments.all())).toEqual([]);
  });

  test('an order placed right after its product was made gets its ticket, though tickets hear of it late', async () => {
    const world = new Simulation(3, { busFails: (_, now) => now < Date.parse('2026-01-01T00:00:40Z') });
    await account(world, 'alice', 10);
    await product(world, 'new', 10, 1);
    const id = await world.runUntilDone(order(world, { user_id: 'alice', items: [{ sku: 'new', quantity: 1 }] }));
    await world.settle();
    expect(await orderOf(world, id)).toMatchObject({ status: 'FINISHED' });
  });
});

test('a product that tickets never heard of is put again, and the sweep ends the order that waited for it', async () => {
  const world = new Simulation(3, { loses: ({ type, nudge }) => type === 'ProductChanged' && nudge === undefined });
  await account(world, 'alice', 10);
  await product(world, 'new', 10, 1);
  const id = await world.runUntilDone(order(world, { user_id: 'alice', items: [{ sku: 'new', quantity: 1 }] }));
  await world.settle();
  await world.runUntilDone(world.clock.sleep(30 * 60_000));
  expect(await orderOf(world, id)).toMatchObject({ status: 'PAYMENT_AUTHORIZED' });
  // it was waited for as long as it could be parked somewhere, and then somebody was to look
  expect(world.queues['ticket-issuing'].dlq.map(({ details }) => details?.reason)).toEqual([
    'NotYet: no ProductChanged received yet: new',
  ]);
  await product(world, 'new', 10, 1);
  await world.settle();
  const open = async () => (await orderOf(world, id))['status'] !== 'FINISHED';
  for (let minutes = 0; minutes < 70 && (await open()); minutes++) await world.sweepAfterMinute();
  expect(await open()).toBe(false);
  expect(findLedgerErrors(world.payments.all())).toEqual([]);
});

/** Everything that a plain order, a refused one and a refunded one say on their way. */
const histories = ['OrderCreated', 'PaymentAuthorized', 'PaymentDeclined', 'TicketIssued', 'TicketRejected'];
const undone = ['RefundRequested', 'PaymentRefunded', 'TicketVoided'];

describe.each([...histories, ...undone])('with every first %s lost', (type) => {
  test('the sweep ends every order', async () => {
    const lost = new Set<string>();
    const world = new Simulation(5, {
      loses: (event) =>
        event.type === type && event.nudge === undefined && !lost.has(event.id) && Boolean(lost.add(event.id)),
    });
    await account(world, 'alice', 100);
    await product(world, 'show', 10, 1);
    const seat = [{ sku: 'show', quantity: 1, seat: 'A1' }];
    const ids = [
      await world.runUntilDone(order(world, { user_id: 'alice', amount: 10 })),
      await world.runUntilDone(order(world, { user_id: 'alice', items: seat })),
      await world.runUntilDone(order(world, { user_id: 'alice', items: seat })),
      await world.runUntilDone(order(world, { user_id: 'alice', amount: 1000 })),
    ];
    const open = async () => {
      const all = await Promise.all(ids.map((id) => orderOf(world, id)));
      return all.filter(({ status }) => !['FINISHED', 'CANCELLED', 'REFUNDED'].includes(String(status)));
    };
    const sweepUntilEnded = async () => {
      for (let minutes = 0; minutes < 10 && (await open()).length > 0; minutes++) await world.sweepAfterMinute();
      expect(await open()).toEqual([]);
    };
    await world.settle();
    await sweepUntilEnded();
    expect((await refund(world, String(ids[0]))).status).toBe(202);
    await world.settle();
    await sweepUntilEnded();
    expect(lost.size).toBeGreaterThan(0);
    expect(findLedgerErrors(world.payments.all())).toEqual([]);
    // the first came back whole, one of the two seats was sold
    expect(await balanceOf(world, 'alice')).toBe(90);
  });
});

const troubles: [string, Faults][] = [
  ['a fifth of all events refused by the bus', { chaos: { publish_failure: 0.2 } }],
  ['messages that come twice and lost acknowledgements', { lostAcks: 0.05, chaos: { duplicate: 0.3 } }],
  [
    'conflicts, crashes and refusals all at once',
    {
      lostAcks: 0.05,
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

test.each(troubles)('with %s, 500 orders and their refunds end, balances to the cent', async (_, faults) => {
  const world = new Simulation(11, faults);
  await product(world, 'show', 7, 200);
  await Promise.all(Array.from({ length: 10 }, (_, at) => account(world, `c${at}`, 350)));
  const body = (at: number) => ({ user_id: `c${at % 10}`, items: [{ sku: 'show', quantity: 1 }] });
  const ids = await world.runUntilDone(Promise.all(Array.from({ length: 500 }, (_, at) => order(world, body(at)))));
  await world.settle();
  const ended = await Promise.all(ids.map((id) => orderOf(world, id)));
  const finished = ended.filter(({ status }) => status === 'FINISHED');
  expect(finished).toHaveLength(200);
  expect(ended.filter(({ status, reason }) => status === 'CANCELLED' && reason === 'sold_out')).toHaveLength(300);
  await Promise.all(
    finished.slice(0, 100).map(async ({ id }) => expect((await refund(world, String(id))).status).toBe(202)),
  );
  await world.settle();
  const balances = await Promise.all(Array.from({ length: 10 }, (_, at) => balanceOf(world, `c${at}`)));
  expect(balances.reduce<number>((sum, balance) => sum + Number(balance), 0)).toBe(10 * 350 - 100 * 7);
  expect(findLedgerErrors(world.payments.all())).toEqual([]);
});
