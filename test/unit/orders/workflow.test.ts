import { describe, expect, test } from 'vitest';
import { World } from '../../support/world.ts';

type Body = Record<string, unknown>;

async function shop(faults: ConstructorParameters<typeof World>[1] = {}) {
  const world = new World(1, faults);
  await world.during(world.call('POST /payments/accounts', { body: { user_id: 'alice' } }));
  await world.during(world.call('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 100 } }));
  const order = async (body: Body) =>
    String((await world.during(world.call('POST /orders', { body: { user_id: 'alice', ...body } }))).body['id']);
  const workflow = async (id: string, door = 'GET /orders/{id}/workflow') =>
    (await world.during(world.call(door, { path: { id } }))).body as unknown as {
      order: Body;
      steps: { name: string; status: string; at?: string }[];
      outbox: { type: string }[];
      inbox: { type: string; consumer: string; status: string; receive_count?: number; reason?: string }[];
      decisions: { step: string; as: string }[];
    };
  return { world, order, workflow };
}

const statuses = (steps: readonly { name: string; status: string }[]) =>
  Object.fromEntries(steps.map(({ name, status }) => [name, status]));

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
      { step: 'PAYMENT', as: 'authorized' },
      { step: 'TICKET', as: 'issued' },
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
    await world.during(world.clock.sleep(120_000));
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

  test('that nobody placed is not found', async () => {
    const { world } = await shop();
    const missing = world.call('GET /orders/{id}/workflow', { path: { id: 'z'.repeat(26) } });
    expect((await world.during(missing)).status).toBe(404);
  });
});
