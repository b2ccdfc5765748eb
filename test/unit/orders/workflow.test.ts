import { describe, expect, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import { inCausalOrder } from '../../../lambdas/orders/workflow.ts';
import { Simulation } from '../../support/simulation.ts';

const orderId = 'a'.repeat(26);
type Body = Record<string, unknown>;

async function shop(faults: ConstructorParameters<typeof Simulation>[1] = {}) {
  const world = new Simulation(1, faults);
  await world.runUntilDone(world.request('POST /payments/accounts', { body: { user_id: 'alice' } }));
  await world.runUntilDone(
    world.request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 100 } }),
  );
  const order = async (body: Body) =>
    String(
      (await world.runUntilDone(world.request('POST /orders', { body: { user_id: 'alice', ...body } }))).body['id'],
    );
  const workflow = async (id: string, door = 'GET /orders/{id}/workflow') =>
    (await world.runUntilDone(world.request(door, { path: { id } }))).body as unknown as {
      order: Body;
      steps: { name: string; status: string; at?: string }[];
      outbox: { id: string; type: string; created_at: string; causation_id: string }[];
      inbox: { type: string; consumer: string; status: string; receive_count?: number; reason?: string }[];
      decisions: { step: string; as: string }[];
    };
  return { world, order, workflow };
}

const statuses = (steps: readonly { name: string; status: string }[]) =>
  Object.fromEntries(steps.map(({ name, status }) => [name, status]));

/** Everybody does what there is to do, but for queues that are stopped. */
const pass = (world: Simulation, seconds = 5) => world.runUntilDone(world.clock.sleep(seconds * 1000));

describe('the workflow of an order', () => {
  test('that went well shows its events, and who took them in, with their times', async () => {
    const { world, order, workflow } = await shop();
    const id = await order({ amount: 10 });
    await world.settle();
    const view = await workflow(id);
    expect(view.order).toMatchObject({ id, status: 'FINISHED' });
    expect(statuses(view.steps)).toEqual({
      placed: 'done',
      payment: 'done',
      ticket: 'done',
      refund: 'skipped',
      end: 'done',
    });
    expect(view.outbox.map(({ type }) => type).sort()).toEqual([
      'BalancesUpdated',
      'OrderCreated',
      'PaymentAuthorized',
      'TicketIssued',
    ]);
    const taken = view.inbox.filter(({ status }) => status === 'done');
    expect(taken.map(({ consumer }) => consumer).sort()).toEqual(
      ['order-payments', 'payment-status', 'ticket-issuing', 'ticket-status'].sort(),
    );
    for (const hop of taken)
      expect(hop).toMatchObject({
        published_at: expect.any(String),
        received_at: expect.any(String),
        processed_at: expect.any(String),
        receive_count: 1,
      });
    expect(view.decisions).toMatchObject([
      { step: 'PAYMENT', decision: 'authorized' },
      { step: 'TICKET', decision: 'issued' },
    ]);
    expect(await workflow(id, 'GET /api/orders/{id}/workflow')).toEqual(view);
  });

  test('whose payment was declined shows where it failed', async () => {
    const { world, order, workflow } = await shop();
    const id = await order({ amount: 1000 });
    await world.settle();
    expect(statuses((await workflow(id)).steps)).toMatchObject({ payment: 'failed', ticket: 'skipped', end: 'done' });
  });

  test('whose event is lost shows the hop that waits', async () => {
    const { world, order, workflow } = await shop({ loses: ({ type, nudge }) => type === 'OrderCreated' && !nudge });
    const id = await order({ amount: 10 });
    await world.settle();
    await world.runUntilDone(world.clock.sleep(120_000));
    const view = await workflow(id);
    expect(statuses(view.steps)).toMatchObject({ payment: 'active' });
    expect(view.inbox).toMatchObject([{ type: 'OrderCreated', consumer: 'order-payments', status: 'waiting' }]);
  });

  test('whose message was buried shows it as dead, with the reason', async () => {
    const { world, order, workflow } = await shop({ chaos: { consumer_crash_before: 1 } });
    const id = await order({ amount: 10 });
    await world.settle();
    expect((await workflow(id)).inbox).toMatchObject([
      { type: 'OrderCreated', consumer: 'order-payments', status: 'dead', reason: expect.stringContaining('chaos') },
    ]);
  });

  test('that a refused ticket has sent back shows the late word of its payment as overtaken', async () => {
    const { world, order, workflow } = await shop();
    const shown = { name: 'Show', price: 10, stock: 0 };
    await world.runUntilDone(world.request('PUT /catalog/products/{sku}', { path: { sku: 'show' }, body: shown }));
    world.queues['payment-status'].stop();
    const id = await order({ items: [{ sku: 'show', quantity: 1 }] });
    await pass(world, 120);
    const { order: sentBack, inbox } = await workflow(id);
    expect(sentBack).toMatchObject({ status: 'REFUNDING' });
    expect(inbox.map(({ type, consumer, status }) => `${type} → ${consumer}: ${status}`)).toEqual([
      'OrderCreated → order-payments: done',
      'PaymentAuthorized → payment-status: overtaken',
      'PaymentAuthorized → ticket-issuing: done',
      'TicketRejected → ticket-status: done',
      'RefundRequested → order-refunds-payments: done',
      'PaymentRefunded → payment-status: waiting',
    ]);
  });

  test('whose dead message no longer matters shows it as overtaken, and still why it died', async () => {
    const { world, order, workflow } = await shop();
    const word = async (id: string) => (await workflow(id)).inbox.find(({ consumer }) => consumer === 'payment-status');
    const { 'payment-status': payments, 'ticket-issuing': tickets } = world.queues;
    for (const queue of [payments, tickets]) queue.stop();
    const id = await order({ amount: 10 });
    await pass(world);
    world.faults.chaos = { consumer_crash_before: 1 };
    payments.start();
    await pass(world, 60);
    const reason = expect.stringContaining('chaos');
    expect(await word(id)).toMatchObject({ type: 'PaymentAuthorized', status: 'dead', reason });
    world.faults.chaos = {};
    tickets.start();
    await world.settle();
    // a redrive changes nothing of an order that has gone on, and so leaves no receipt
    for (const { body } of payments.dlq) payments.send(body);
    await world.settle();
    expect((await workflow(id)).order).toMatchObject({ status: 'FINISHED' });
    expect(await word(id)).toMatchObject({ type: 'PaymentAuthorized', status: 'overtaken', reason });
  });

  test('lists what was stated in the order of time, a cause before what it led to, and so who took it in', async () => {
    const { world, order, workflow } = await shop();
    const id = await order({ amount: 10 });
    await world.settle();
    await world.runUntilDone(world.request('POST /orders/{id}/refund', { path: { id }, body: {} }));
    await world.settle();
    const { outbox, inbox } = await workflow(id);
    expect(outbox.map(({ type }) => type).slice(0, 5)).toEqual([
      'OrderCreated',
      'PaymentAuthorized',
      'BalancesUpdated',
      'TicketIssued',
      'RefundRequested',
    ]);
    const times = outbox.map(({ created_at }) => created_at);
    expect(times).toEqual(times.toSorted());
    // balances are told beside the saga: nobody in it takes them in
    const saga = outbox.map(({ type }) => type).filter((type) => type !== 'BalancesUpdated');
    expect([...new Set(inbox.map(({ type }) => type))]).toEqual(saga);
  });

  test('that nobody placed is not found', async () => {
    const { world } = await shop();
    const missing = world.request('GET /orders/{id}/workflow', { path: { id: 'z'.repeat(26) } });
    expect((await world.runUntilDone(missing)).status).toBe(404);
  });
});

test('what was stated in one moment stands behind what caused it', () => {
  const time = '2026-01-01T12:00:00.000Z';
  const cause = (causation_id: string) => ({ time, correlation_id: orderId, causation_id });
  const created = OrderCreated.make(
    { order_id: orderId, user_id: 'alice', amount: 10, created_at: time },
    cause('put'),
  );
  const paid = { order_id: orderId, user_id: 'alice', amount: 10, balance_after: 0 };
  const authorized = PaymentAuthorized.make(paid, cause(created.id));
  const issued = TicketIssued.make({ order_id: orderId, ticket_id: 't' }, cause(authorized.id));
  const before = { ...authorized, id: 'before', time: '2026-01-01T11:59:59.999Z' };
  expect(inCausalOrder([issued, authorized, created, before])).toEqual([before, created, authorized, issued]);
});
