import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { type SourceEvent, toOrderEvent } from '../../lambdas/webhooks/order-event.ts';
import { webhookSecret } from '../../lambdas/webhooks/signature.ts';
import { Simulation } from '../support/simulation.ts';
import { textOf } from '../support/source-tree.ts';
import { type Behaviour, WebhookSimulation } from '../support/webhook-simulation.ts';

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;
const HISTORY = [
  'orders/samples/order-created',
  'payments/samples/payment-authorized',
  'tickets/samples/ticket-issued',
];

const samples = HISTORY.map((file) => JSON.parse(textOf(`events/${file}.v1.json`)) as SourceEvent);
/** Returns the three events of one order that finishes. */
const eventsOf = (orderId: string): SourceEvent[] =>
  samples.map((sample) => ({ ...sample, data: { ...sample.data, order_id: orderId } }) as SourceEvent);

/** Publishes the events of orders, one order after the other, and returns the ids of the events. */
async function publishOrders(simulation: WebhookSimulation, count: number, pauseMs: number): Promise<string[]> {
  const ids: string[] = [];
  const { clock } = simulation;
  for (let order = 0; order < count; order++) {
    for (const event of eventsOf(`order-${order}`)) {
      await simulation.publish(event);
      ids.push(toOrderEvent(event).id);
    }
    const resumeMs = clock.now() + pauseMs;
    let isDue = false;
    clock.at(resumeMs, () => {
      isDue = true;
    });
    await clock.runUntil(() => isDue);
  }
  return ids;
}

describe('a receiver that fails, hangs and repeats', () => {
  test.each([1, 2, 3, 4, 5])('accepts each event once by its id (seed %i)', async (seed) => {
    const simulation = new WebhookSimulation(seed, {
      duplicateRate: 0.05,
      lostAckRate: 0.01,
      chaos: { consumer_crash_before: 0.02, consumer_crash_after: 0.02, duplicate: 0.02 },
    });
    const id = await simulation.addWebhook('shop', (random) => {
      if (random < 0.3) return 503;
      if (random < 0.4) return 'hangs';
      return random < 0.5 ? 'accepts_and_hangs' : 'accepts';
    });
    const ids = await publishOrders(simulation, 100, 1000);
    await simulation.settle();
    const receiver = simulation.receivers.get(id);
    expect(receiver?.accepted.map((event) => event.id).toSorted()).toEqual(ids.toSorted());
    expect(receiver?.repeated).toBeGreaterThan(0);
    expect(receiver?.forged).toBe(0);
    expect(simulation.queue.dlq).toEqual([]);
    expect(simulation.queue.crashes).toEqual([]);
  });

  test('sorts the events of an order by their sequence, in whatever order they arrive', async () => {
    const simulation = new WebhookSimulation(7);
    const id = await simulation.addWebhook('shop', (random) => (random < 0.5 ? 500 : 'accepts'));
    await publishOrders(simulation, 50, 100);
    await simulation.settle();
    const receiver = simulation.receivers.get(id);
    const arrived = receiver?.accepted.filter(({ data }) => data['order_id'] === 'order-0').map(({ type }) => type);
    expect(arrived).toHaveLength(3);
    for (let order = 0; order < 50; order++)
      expect(receiver?.typesOf(`order-${order}`)).toEqual(['order.created', 'order.paid', 'order.finished']);
    const sequences = receiver?.accepted.map(({ sequence, data }) => `${data['order_id']} ${sequence}`) ?? [];
    // Without faults of the queue, retries alone reorder the events of some orders.
    expect(sequences.slice(0, 30)).not.toEqual(sequences.slice(0, 30).toSorted());
  });

  test('accepts all events while the key is rotated, with the secret from before and with the new one', async () => {
    const simulation = new WebhookSimulation(11);
    const behaviour = (random: number) => (random < 0.3 ? 500 : ('accepts' as const));
    const old = await simulation.addWebhook('old', behaviour);
    const first = await publishOrders(simulation, 20, 100);
    simulation.keys = ['key-2', 'key-1'];
    const renewed = await simulation.addWebhook('new', behaviour);
    const second = await publishOrders(simulation, 20, 100);
    await simulation.settle();
    expect(new Set(simulation.receivers.get(old)?.accepted.map((event) => event.id))).toEqual(
      new Set([...first, ...second]),
    );
    expect(simulation.receivers.get(renewed)?.accepted).toHaveLength(60);
    for (const receiver of simulation.receivers.values()) expect(receiver.forged).toBe(0);
    expect(webhookSecret('key-1', old)).not.toBe(webhookSecret('key-2', old));
  });
});

describe('a slow receiver', () => {
  const ORDERS = 1200;
  const PAUSE_MS = 50;
  const behaviours: [string, Behaviour][] = [
    ['hangs', () => 'hangs'],
    ['hangs for 80 % of its requests', (random) => (random < 0.8 ? 'hangs' : 'accepts')],
    ['accepts each event just before the timeout', () => 'accepts_slowly'],
  ];

  test.each(behaviours)('that %s delays the others by its timeout at most', async (_name, behaviour) => {
    const simulation = new WebhookSimulation(21);
    const slow = await simulation.addWebhook('slow', behaviour);
    const healthy = await simulation.addWebhook('healthy', () => 'accepts');
    const startMs = simulation.clock.now();
    await publishOrders(simulation, ORDERS, PAUSE_MS);
    expect(simulation.clock.now() - startMs, '60 events a second').toBe(MINUTE_MS);
    await simulation.clock.runUntil(() => simulation.receivers.get(healthy)?.accepted.length === 3 * ORDERS);
    const latenciesMs = [...simulation.acceptedMs]
      .filter(([key]) => key.startsWith(healthy))
      .map(([key, acceptedMs]) => acceptedMs - startMs - Number(/order-(\d+)$/.exec(key)?.[1]) * PAUSE_MS)
      .toSorted((a, b) => a - b);
    expect(latenciesMs).toHaveLength(3 * ORDERS);
    const percentileMs = (percent: number) => latenciesMs[Math.floor((latenciesMs.length * percent) / 100)];
    expect(percentileMs(50)).toBeLessThan(150);
    // All environments may wait for it together once, before any of them knows that it is slow.
    expect(percentileMs(90)).toBeLessThan(500);
    expect(latenciesMs.at(-1)).toBeLessThan(6000);
    expect(simulation.requests.get(slow)).toBeLessThan(100);
  });

  test('that accepts each event just before the timeout gets all of them, if they are few', async () => {
    const simulation = new WebhookSimulation(22);
    const slow = await simulation.addWebhook('slow', () => 'accepts_slowly');
    const ids = await publishOrders(simulation, 20, MINUTE_MS / 2);
    await simulation.settle();
    const accepted = simulation.receivers.get(slow)?.accepted.map((event) => event.id);
    expect(accepted?.toSorted()).toEqual(ids.toSorted());
    expect(await simulation.healthOf(slow)).toEqual({ failures: 0 });
    expect(simulation.queue.dlq).toEqual([]);
  });
});

describe('a receiver that is down', () => {
  const downFor = (ms: number) => {
    const start = Date.parse('2026-01-01T00:00:00Z');
    return (_random: number, nowMs: number) => (nowMs < start + ms ? 502 : ('accepts' as const));
  };

  test('for ten hours gets all events within half an hour after it is up', async () => {
    const simulation = new WebhookSimulation(31);
    const id = await simulation.addWebhook('shop', downFor(10 * HOUR_MS));
    const startMs = simulation.clock.now();
    const ids = await publishOrders(simulation, 60, 10 * MINUTE_MS);
    await simulation.settle();
    expect(
      simulation.receivers
        .get(id)
        ?.accepted.map((event) => event.id)
        .toSorted(),
    ).toEqual(ids.toSorted());
    expect(Math.max(...simulation.acceptedMs.values()) - startMs).toBeLessThan(10.5 * HOUR_MS);
    expect(await simulation.healthOf(id)).toEqual({ failures: 0 });
    // One trial in 15 minutes, and not one call for each waiting event.
    expect(simulation.requests.get(id)).toBeLessThan(ids.length + 100);
  });

  test('for four days is disabled, and each of its events is a dead letter', async () => {
    const simulation = new WebhookSimulation(41);
    const id = await simulation.addWebhook('shop', downFor(96 * HOUR_MS));
    const ids = await publishOrders(simulation, 70, HOUR_MS);
    await simulation.settle();
    expect((await simulation.healthOf(id)).disabled_at).toMatch(/^2026-01-04/);
    const dead = simulation.queue.dlq.map(({ body }) => (JSON.parse(body) as { event: { id: string } }).event.id);
    expect(dead.toSorted()).toEqual(ids.toSorted());
    for (const { details } of simulation.queue.dlq) expect(details?.reason).toMatch(/HTTP 502/);
  });
});

describe('the time of an order event', () => {
  const items = [{ sku: 'gig', quantity: 1 }];
  const histories: [string, object, boolean][] = [
    ['PaymentAuthorized', { amount: 40 }, false],
    ['PaymentDeclined', { amount: 400 }, false],
    ['TicketIssued', { items }, false],
    ['TicketRejected', { items: [{ sku: 'gig', quantity: 9 }] }, false],
    ['PaymentRefunded', { items }, true],
  ];

  test.each(histories)('is the same if %s was lost and is published again', async (type, order, isRefunded) => {
    const simulation = new Simulation();
    const lost: Envelope[] = [];
    simulation.faults.loses = (event) => event.type === type && lost.length === 0 && lost.push(event) > 0;
    const call = (...args: Parameters<typeof simulation.request>) =>
      simulation.runUntilDone(simulation.request(...args));
    await call('PUT /catalog/products/{sku}', { path: { sku: 'gig' }, body: { name: 'Gig', price: 10, stock: 2 } });
    await call('POST /payments/accounts', { body: { user_id: 'alice' } });
    await call('POST /payments/accounts/deposit', { body: { user_id: 'alice', amount: 100 } });
    const { body } = await call('POST /orders', { body: { user_id: 'alice', ...order } });
    await simulation.settle();
    if (isRefunded) await call('POST /orders/{id}/refund', { path: { id: String(body['id']) }, body: {} });
    await simulation.settle();
    const published = () => simulation.published.filter((event) => event.type === type);
    for (let sweep = 0; sweep < 5 && published().length < 2; sweep++) await simulation.sweepAfterMinute();
    const events = [...lost, ...published()].map((event) => toOrderEvent(event as SourceEvent));
    expect(events.length).toBeGreaterThan(1);
    expect(new Set(events.map(({ id, occurred_at }) => `${id} ${occurred_at}`)).size).toBe(1);
  });
});
