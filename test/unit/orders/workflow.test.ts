import { describe, expect, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import { inCausalOrder } from '../../../lambdas/orders/workflow.ts';
import { Simulation } from '../../support/simulation.ts';

const orderId = 'a'.repeat(26);
type Body = Record<string, unknown>;

async function createShop(faults: ConstructorParameters<typeof Simulation>[1] = {}) {
  const simulation = new Simulation(1, faults);
  const request = (...args: Parameters<Simulation['request']>) => simulation.runUntilDone(simulation.request(...args));
  await request('POST /payments/accounts', { body: { user_id: 'alice' } });
  await request('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 100 } });
  const placeOrder = async (body: Body) =>
    String((await request('POST /orders', { body: { user_id: 'alice', ...body } })).body['id']);
  const workflow = async (id: string, route = 'GET /orders/{id}/workflow') =>
    (await request(route, { path: { id } })).body as unknown as {
      order: Body;
      steps: { name: string; status: string; at?: string }[];
      outbox: { id: string; type: string; created_at: string; causation_id: string }[];
      inbox: { type: string; consumer: string; status: string; receive_count?: number; reason?: string }[];
      decisions: { step: string; decision: string }[];
    };
  return { simulation, request, placeOrder, workflow };
}

const statusesByName = (steps: readonly { name: string; status: string }[]) =>
  Object.fromEntries(steps.map(({ name, status }) => [name, status]));

/** Lets time pass, in which all queues are processed that are not stopped. */
const pass = (simulation: Simulation, seconds = 5) => simulation.runUntilDone(simulation.clock.sleep(seconds * 1000));

describe('GET /orders/{id}/workflow', () => {
  test('shows the steps, events, deliveries and decisions of a finished order', async () => {
    const { simulation, placeOrder, workflow } = await createShop();
    const id = await placeOrder({ amount: 10 });
    await simulation.settle();
    const view = await workflow(id);
    expect(view.order).toMatchObject({ id, status: 'FINISHED' });
    expect(statusesByName(view.steps)).toEqual({
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
    const done = view.inbox.filter(({ status }) => status === 'done');
    expect(done.map(({ consumer }) => consumer).sort()).toEqual(
      ['order-payments', 'payment-status', 'ticket-issuing', 'ticket-status'].sort(),
    );
    for (const delivery of done)
      expect(delivery).toMatchObject({
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

  test('shows the payment step as failed if the payment was declined', async () => {
    const { simulation, placeOrder, workflow } = await createShop();
    const id = await placeOrder({ amount: 1000 });
    await simulation.settle();
    const { steps } = await workflow(id);
    expect(statusesByName(steps)).toMatchObject({
      payment: 'failed',
      ticket: 'skipped',
      refund: 'skipped',
      end: 'done',
    });
  });

  test('shows steps that an order has not reached as pending', async () => {
    const { simulation, request, placeOrder, workflow } = await createShop();
    for (const name of ['order-payments', 'ticket-issuing', 'order-refunds-payments'] as const)
      simulation.queues[name].stop();
    const id = await placeOrder({ amount: 10 });
    const statuses = async () => statusesByName((await workflow(id)).steps);
    const notReached = { ticket: 'pending', refund: 'pending', end: 'pending' };
    expect(await statuses()).toEqual({ placed: 'done', payment: 'active', ...notReached });
    simulation.queues['order-payments'].start();
    await pass(simulation);
    expect(await statuses()).toEqual({ placed: 'done', payment: 'done', ...notReached, ticket: 'active' });
    simulation.queues['ticket-issuing'].start();
    await pass(simulation);
    await request('POST /orders/{id}/refund', { path: { id }, body: {} });
    expect(await statuses()).toMatchObject({ ticket: 'done', refund: 'active', end: 'pending' });
  });

  test('shows the delivery of a lost event as waiting', async () => {
    const { simulation, placeOrder, workflow } = await createShop({
      loses: ({ type, nudge }) => type === 'OrderCreated' && !nudge,
    });
    const id = await placeOrder({ amount: 10 });
    await simulation.settle();
    await pass(simulation, 120);
    const view = await workflow(id);
    expect(statusesByName(view.steps)).toMatchObject({ payment: 'active' });
    expect(view.inbox).toMatchObject([{ type: 'OrderCreated', consumer: 'order-payments', status: 'waiting' }]);
  });

  test('shows a dead-lettered delivery as dead, with the reason', async () => {
    const { simulation, placeOrder, workflow } = await createShop({ chaos: { consumer_crash_before: 1 } });
    const id = await placeOrder({ amount: 10 });
    await simulation.settle();
    expect((await workflow(id)).inbox).toMatchObject([
      { type: 'OrderCreated', consumer: 'order-payments', status: 'dead', reason: expect.stringContaining('chaos') },
    ]);
  });

  test('shows a late PaymentAuthorized as superseded once the rejected ticket has started the refund', async () => {
    const { simulation, request, placeOrder, workflow } = await createShop();
    const product = { name: 'Show', price: 10, stock: 0 };
    await request('PUT /catalog/products/{sku}', { path: { sku: 'show' }, body: product });
    simulation.queues['payment-status'].stop();
    const id = await placeOrder({ items: [{ sku: 'show', quantity: 1 }] });
    await pass(simulation, 120);
    const { order, inbox } = await workflow(id);
    // `reason` belongs to CANCELLED. While an order is REFUNDING, it may still become REFUNDED.
    expect(order).toMatchObject({ status: 'REFUNDING' });
    expect(order).not.toHaveProperty('reason');
    expect(inbox.map(({ type, consumer, status }) => `${type} → ${consumer}: ${status}`)).toEqual([
      'OrderCreated → order-payments: done',
      'PaymentAuthorized → payment-status: superseded',
      'PaymentAuthorized → ticket-issuing: done',
      'TicketRejected → ticket-status: done',
      'RefundRequested → order-refunds-payments: done',
      'PaymentRefunded → payment-status: waiting',
    ]);
  });

  test('shows a dead delivery as superseded, with its reason, once the order has ended without it', async () => {
    const { simulation, placeOrder, workflow } = await createShop();
    const paymentDelivery = async (id: string) =>
      (await workflow(id)).inbox.find(({ consumer }) => consumer === 'payment-status');
    const { 'payment-status': payments, 'ticket-issuing': tickets } = simulation.queues;
    for (const queue of [payments, tickets]) queue.stop();
    const id = await placeOrder({ amount: 10 });
    await pass(simulation);
    simulation.faults.chaos = { consumer_crash_before: 1 };
    payments.start();
    await pass(simulation, 60);
    const reason = expect.stringContaining('chaos');
    expect(await paymentDelivery(id)).toMatchObject({ type: 'PaymentAuthorized', status: 'dead', reason });
    simulation.faults.chaos = {};
    tickets.start();
    await simulation.settle();
    // The order has ended, so a redrive changes nothing and leaves no receipt.
    for (const { body } of payments.dlq) payments.send(body);
    await simulation.settle();
    expect((await workflow(id)).order).toMatchObject({ status: 'FINISHED' });
    expect(await paymentDelivery(id)).toMatchObject({ type: 'PaymentAuthorized', status: 'superseded', reason });
  });

  test('sorts events and deliveries by time, a cause before its effects', async () => {
    const { simulation, request, placeOrder, workflow } = await createShop();
    const id = await placeOrder({ amount: 10 });
    await simulation.settle();
    await request('POST /orders/{id}/refund', { path: { id }, body: {} });
    await simulation.settle();
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
    // BalancesUpdated is not part of the saga, so the view expects no delivery of it.
    const sagaTypes = outbox.map(({ type }) => type).filter((type) => type !== 'BalancesUpdated');
    expect([...new Set(inbox.map(({ type }) => type))]).toEqual(sagaTypes);
  });

  test('returns 404 for an unknown order', async () => {
    const { request } = await createShop();
    expect((await request('GET /orders/{id}/workflow', { path: { id: 'z'.repeat(26) } })).status).toBe(404);
  });
});

test('inCausalOrder sorts events of the same time behind their causes', () => {
  const time = '2026-01-01T12:00:00.000Z';
  const cause = (causation_id: string) => ({ time, correlation_id: orderId, causation_id });
  const created = OrderCreated.make(
    { order_id: orderId, user_id: 'alice', amount: 10, created_at: time },
    cause('put'),
  );
  const paid = { order_id: orderId, user_id: 'alice', amount: 10, balance_after: 0 };
  const authorized = PaymentAuthorized.make(paid, cause(created.id));
  const issued = TicketIssued.make({ order_id: orderId, ticket_id: 't' }, cause(authorized.id));
  const earlier = { ...authorized, id: 'earlier', time: '2026-01-01T11:59:59.999Z' };
  expect(inCausalOrder([issued, authorized, created, earlier])).toEqual([earlier, created, authorized, issued]);
});
