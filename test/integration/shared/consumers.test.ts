import { afterEach, beforeAll, describe, expect, inject, test } from 'vitest';
import { TickPlanned } from '../../../events/payments/tick-planned.ts';
import { ApiClient, expectStatus } from '../../support/api-client.ts';
import { textWith } from '../../support/documents.ts';
import { type DlqContent, EngineAccess } from '../../support/engine-access.ts';
import { type Consumer, EngineFunctions, sampleFor } from '../../support/engine-functions.ts';
import { OpsCli } from '../../support/ops-cli.ts';
import { poll } from '../../support/poll.ts';

const shop = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));
const functions = new EngineFunctions(inject('endpoint'));
const ops = new OpsCli(inject('endpoint'));

/** The queue of parked events. Its messages are lists of events, and its consumer has retries of its own. */
const PARKING_QUEUE = 'outbox-retry';
const minutesAhead = (minutes: number) => new Date(Date.now() + minutes * 60_000).toISOString();

let consumers: readonly Consumer[];
let eventConsumers: readonly Consumer[];

const onEach = <T>(all: readonly Consumer[], use: (consumer: Consumer) => Promise<T>): Promise<T[]> =>
  Promise.all(all.map(use));
const purgeDlqs = () => onEach(consumers, ({ queue }) => engine.purge(`${queue}-dlq`));
const waitUntilEmpty = () =>
  poll(
    () => onEach(consumers, async ({ queue }) => [queue, await engine.messageCount(queue)] as const),
    (counts) => counts.every(([, count]) => count === 0),
  );

beforeAll(async () => {
  // With users in the update programme, the schedule would send ticks to a queue that is to be empty.
  await engine.setTicksEnabled(false);
  consumers = await functions.consumers();
  eventConsumers = consumers.filter(({ queue }) => queue !== PARKING_QUEUE);
  expect(eventConsumers.length).toBeGreaterThan(10);
  await waitUntilEmpty();
  await purgeDlqs();
});
afterEach(async () => {
  await engine.setChaos({});
  await onEach(consumers, (consumer) => functions.setEnabled(consumer, true));
  await waitUntilEmpty();
  await purgeDlqs();
});

test('every consumer dead-letters a message that is not JSON, at the first receive', async () => {
  await onEach(consumers, ({ queue }) => engine.send(queue, '{"half":'));
  await onEach(consumers, async ({ queue }) => {
    const [deadLetter] = await poll(
      () => engine.deadLetters(queue),
      ({ length }) => length > 0,
    );
    expect(deadLetter, queue).toMatchObject({ body: '{"half":', attributes: { receive_count: '1' } });
  });
});

test('every consumer retries a failing message after 1, 2, 4 and 8 s, and dead-letters it at the fifth failure', async () => {
  await engine.setChaos({ consumer_crash_before: 1 });
  const failMessage = async (consumer: Consumer): Promise<DlqContent | undefined> => {
    await engine.send(consumer.queue, await sampleFor(consumer));
    await poll(
      () => engine.messageCount(consumer.queue),
      (count) => count === 0,
    );
    return (await engine.deadLetters(consumer.queue)).find(({ attributes }) => attributes['reason']?.includes('chaos'));
  };
  await onEach(eventConsumers, async (consumer) => {
    // On a busy machine, a function may not read the faults in time for its first message, and process it.
    const deadLetter = (await failMessage(consumer)) ?? (await failMessage(consumer));
    const { receive_count, first_received_at = '', last_received_at = '' } = deadLetter?.attributes ?? {};
    expect({ queue: consumer.queue, receive_count }).toEqual({ queue: consumer.queue, receive_count: '5' });
    const durationMs = Date.parse(last_received_at) - Date.parse(first_received_at);
    expect(durationMs, consumer.queue).toBeGreaterThanOrEqual(14_500);
    // Without delays of its own, a message would return after the visibility timeout of 90 s.
    expect(durationMs, consumer.queue).toBeLessThan(45_000);
  });
});

describe('under contention', () => {
  const stop = async (...queues: string[]) => {
    for (const consumer of consumers.filter(({ queue }) => queues.includes(queue)))
      await functions.setEnabled(consumer, false);
  };
  const waitForMessage = async (...queues: string[]) => {
    for (const queue of queues)
      await poll(
        () => engine.messageCount(queue),
        (count) => count > 0,
      );
  };
  const getDocument = async (uid: string) => (await fetch(`${shop.url}/api/order/${uid}`)).status;

  /** Stops each consumer when it has nothing to do, and causes a message for it. Returns the orders that wait. */
  async function causeMessages() {
    const customer = await shop.customer(1000);
    const sku = await shop.product({ price: 10, stock: 10 });
    const order = () => shop.orderItems(customer, { sku, quantity: 1 });
    const refunded = await order();
    await shop.waitForFinalState(refunded);
    await waitUntilEmpty();

    await stop('order-refunds-payments', 'order-refunds-tickets');
    expectStatus(await shop.refund(refunded), 202);
    await waitForMessage('order-refunds-payments', 'order-refunds-tickets');
    const finished = [];
    await stop('ticket-status', 'catalog-invalidation', 'balance_updates');
    finished.push(await order());
    await waitForMessage('ticket-status', 'catalog-invalidation', 'balance_updates');
    await stop('payment-status', 'ticket-issuing');
    finished.push(await order());
    await waitForMessage('payment-status', 'ticket-issuing');
    await stop('order-payments', 'product-changes');
    finished.push(await order());
    await shop.product({ price: 1, stock: 1 });
    await waitForMessage('order-payments', 'product-changes');
    return { refunded, finished };
  }

  async function causeDocumentMessages() {
    await stop('order-found');
    expect(await getDocument('no-such-document')).toBe(202);
    await stop('order-lookup', 'order-documents');
    expect(await getDocument('no-such-document-either')).toBe(202);
    const text = textWith({ order_uid: 'contended' });
    expectStatus(await shop.post('/orders', text), 202);
    await waitForMessage('order-found', 'order-lookup', 'order-documents');
  }

  async function causeTick() {
    await ops.json('seed', 'users', '--count', '3', '--seed', '7');
    const account = (await engine.rows('payments')).find(({ pk, sk }) => pk === 'ACCOUNT#u7-000001' && sk === 'STATE');
    await stop('balance-ticks');
    const data = { tick: '20260101T1200-03', chunk: Number(account?.['chunk']) };
    const cause = { time: new Date().toISOString(), correlation_id: 'tick', causation_id: 'tick' };
    const due = { due_at: cause.time, deadline_at: minutesAhead(10) };
    await engine.send('balance-ticks', JSON.stringify(TickPlanned.make({ ...data, ...due }, cause)));
  }

  /** Sends a sample to each queue that has no message by now, for example of a consumer that was added since. */
  async function sendSamplesToOthers() {
    for (const consumer of eventConsumers) {
      if ((await engine.messageCount(consumer.queue)) > 0) continue;
      await functions.setEnabled(consumer, false);
      await engine.send(consumer.queue, await sampleFor(consumer));
    }
  }

  test('every consumer requeues its message, and processes it when the contention is over', async () => {
    const { refunded, finished } = await causeMessages();
    await causeDocumentMessages();
    await causeTick();
    await sendSamplesToOthers();
    await engine.setChaos({ transaction_conflict: 1 });
    const startedAt = Date.now();
    await onEach(eventConsumers, (consumer) => functions.setEnabled(consumer, true));
    for (const consumer of eventConsumers) {
      const totals = await poll(
        () => functions.countsSince(consumer.function, startedAt),
        ({ requeued = 0 }) => requeued > 0,
      );
      expect(totals, consumer.queue).toMatchObject({ retried: 0, dead_lettered: 0 });
    }
    await engine.setChaos({});
    expect(await shop.countFinalStates(finished)).toEqual({ FINISHED: 3 });
    expect(await shop.waitForFinalState(refunded)).toMatchObject({ status: 'REFUNDED' });
    await poll(
      () => getDocument('contended'),
      (status) => status === 200,
    );
  });
});

describe('the consumer of parked events', () => {
  const park = async (count: number) => {
    const lookups = eventConsumers.find(({ queue }) => queue === 'order-lookup');
    const event: unknown = JSON.parse(await sampleFor(lookups as Consumer));
    await engine.send(PARKING_QUEUE, JSON.stringify(Array.from({ length: count }, () => event)));
  };

  test('retries events that the bus refuses after seconds, although the visibility timeout is three minutes', async () => {
    const startedAt = Date.now();
    await engine.setChaos({ publish_failure: 1 });
    await park(1);
    await poll(
      () => functions.countsSince('relay-on-outbox-retry', startedAt),
      ({ ChaosFailures = 0 }) => ChaosFailures > 0,
    );
    await engine.setChaos({});
    await waitUntilEmpty();
  });

  test('publishes all of 20 events while the bus refuses seven of ten each time', async () => {
    await engine.setChaos({ publish_failure: 0.7 });
    await park(20);
    await waitUntilEmpty();
    expect(await engine.deadLetters(PARKING_QUEUE)).toEqual([]);
  });
});
