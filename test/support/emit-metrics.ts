import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { bucketOf } from '../../events/payments/bucket.ts';
import { TickPlanned } from '../../events/payments/tick-planned.ts';
import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import { balanceStore } from '../../lambdas/balances/balance-store.ts';
import { syncBuckets } from '../../lambdas/balances/sync.ts';
import { orderStore } from '../../lambdas/orders/order-store.ts';
import { planMinute } from '../../lambdas/payments/update-programme/plan-minute.ts';
import { programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { retryParkedEvents } from '../../lambdas/relay/on-outbox-retry.ts';
import { handler as publishOutbox } from '../../lambdas/relay/publish-outbox.ts';
import { relay } from '../../lambdas/relay/relay.ts';
import { reportStore } from '../../lambdas/reports/report-store.ts';
import type { Consumer } from '../../lambdas/shared/messaging/consume.ts';
import { Busy } from '../../lambdas/shared/runtime/errors.ts';
import { metrics } from '../../lambdas/shared/runtime/observability.ts';
import { versionIs } from '../../lambdas/shared/store/store.ts';
import { rotateKeys } from '../../lambdas/webhooks/rotate-keys.ts';
import { GIVE_UP_AFTER_MS } from '../../lambdas/webhooks/webhook.ts';
import { createSteppingClock, greeted, noChaos, noon, RecordingQueue, sqsRecord } from './fixtures.ts';
import { createMemoryStore } from './memory-store.ts';
import { noPrice } from './order-price.ts';
import { filesOf, textOf, urlOf } from './source-tree.ts';
import { createTicketFixture, orderId, paymentAuthorized, refundRequested } from './ticket-fixture.ts';
import { DeliveryFixture, orderEvent } from './webhook-fixture.ts';

// Runs the code of one context so that it emits its metrics of failures, and writes them to stdout as its functions do.
// It is a process of its own, because the environment of a function determines the dimensions of its metrics.
//   node test/support/emit-metrics.ts <service> [<consumer> …]

const [service = '', ...consumers] = process.argv.slice(2);

const lambdaContext = { getRemainingTimeInMillis: () => 30_000 } as Context;
const deadlineMs = Number.POSITIVE_INFINITY;
const MINUTE_MS = 60_000;

/** A consumer requeues each message of a contended row, and records the age of the message. */
async function requeueAnEvent(consumer: string): Promise<void> {
  const file = `lambdas/${service}/on-${consumer.replaceAll('_', '-')}.ts`;
  const { handler } = (await import(urlOf(file))) as { handler: Partial<Consumer<unknown>> };
  const [definition] = handler.events ?? [];
  if (!handler.withRuntime || !definition) return;
  const createDeps = (): never => {
    throw new Busy('still contended');
  };
  const clock = createSteppingClock();
  clock.pass(15 * MINUTE_MS);
  const runtime = { createDeps, queue: new RecordingQueue(), clock, chaos: noChaos };
  await handler.withRuntime(runtime)(
    { Records: [sqsRecord('m', textOf(sampleOf(definition.type)))] },
    consumer,
    30_000,
  );
}

const sampleOf = (type: string): string => {
  const file = type.replace(/(?<!^)[A-Z]/g, '-$&').toLowerCase();
  return filesOf(`events/*/samples/${file}.v1.json`)[0] ?? `no sample of ${type}`;
};

async function emitOfRelay(): Promise<void> {
  const unreadable = { Records: [{ dynamodb: { NewImage: { pk: { S: 'ORDER#a' } } } }] } as DynamoDBStreamEvent;
  await publishOutbox(unreadable, lambdaContext);
  const clock = createSteppingClock();
  const bus = async (events: readonly unknown[]) => events.map(() => 'refused');
  const ports = { bus, clock, chaos: noChaos };
  await relay([greeted('ann')], { ...ports, park: async () => undefined });
  await retryParkedEvents({ Records: [sqsRecord('m', [greeted('ann')])] }, { ...ports, queue: new RecordingQueue() });
}

async function emitOfOrders(): Promise<void> {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  const orders = orderStore({ store: table, clock, deadlineMs });
  const id = orderId('a');
  await orders.place({
    order: { user_id: 'alice', amount: 10 },
    identity: { id, body_hash: 'hash', hasKey: false },
    correlationId: 'request',
    quotePrice: noPrice,
  });
  await table.write([{ op: 'put', row: { pk: `ORDER#${id}`, sk: 'STATE', status: 'unknown' } }], 'unreadable');
  clock.pass(17 * MINUTE_MS);
  await orders.nudgeStuck(clock.now(), 1);
}

async function emitOfPayments(): Promise<void> {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  const time = new Date(noon).toISOString();
  await planMinute(noon - 10 * MINUTE_MS, {
    intervalS: 10,
    chunksPerTick: 1,
    countChunks: async () => 1,
    send: async () => undefined,
    clock,
  });
  clock.pass(MINUTE_MS);
  const programme = programmeStore({ store: table, clock, deadlineMs });
  const cause = { time, correlation_id: 'tick', causation_id: 'minute' };
  await programme.applyTick(
    TickPlanned.make({ tick: '20260101T1200-00', chunk: 0, due_at: time, deadline_at: time }, cause),
  );
}

async function emitOfTickets(): Promise<void> {
  const tickets = await createTicketFixture({ gig: 5 });
  await tickets.issue(paymentAuthorized('a', [{ sku: 'gig', quantity: 1, seat: 'A1' }]));
  await tickets.table.write([{ op: 'delete', key: { pk: 'SKU#gig', sk: 'SEAT#A1' }, when: versionIs(1) }], 'by hand');
  await tickets.refund(refundRequested('a'));
}

async function emitOfBalances(): Promise<void> {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  const bucket = bucketOf('alice');
  const updated_at = new Date(noon - 3_600_000).toISOString();
  const missing = { user_id: 'alice', balance: 70, version: 1, updated_at };
  const accounts = async (name: string) => {
    if (name !== bucket) throw new Error('the ledger is unavailable');
    return { accounts: [missing] };
  };
  const balances = balanceStore({ store: table, clock, deadlineMs });
  const ledger = { accounts, chunks: async () => 1 };
  await syncBuckets({ balances, ledger, clock }, [bucket, 'chunk:0'], async () => true);
}

async function emitOfReports(): Promise<void> {
  const clock = createSteppingClock();
  const reports = reportStore({ store: createMemoryStore({ now: clock.now }), clock, deadlineMs });
  const [time, id] = [new Date(noon).toISOString(), 'a'.repeat(26)];
  await reports.request({
    request: { kind: 'orders', from: time, to: time, format: 'csv' },
    identity: { id, body_hash: 'hash', hasKey: false },
    correlationId: 'request',
  });
  const cause = { time, correlation_id: id, causation_id: 'request' };
  await reports.fail(ReportRunRequested.make({ report_id: id, run: 1 }, cause), 'a reason');
}

const HOUR_MS = 3_600_000;

async function emitOfWebhooks(): Promise<void> {
  const fixture = new DeliveryFixture();
  const id = await fixture.createWebhook('shop');
  const delivery = { webhook_id: id, event: orderEvent('a') };
  fixture.respond = async () => ({ status: 500 });
  // A webhook is disabled only if it has failed again and again until then.
  for (let ms = 0; ms <= GIVE_UP_AFTER_MS; ms += HOUR_MS) {
    await fixture.deliver(delivery);
    fixture.clock.pass(HOUR_MS);
  }
  await fixture.webhooks.enable(id);
  fixture.readKeys = async () => {
    throw new Error('the key is unavailable');
  };
  await fixture.deliver(delivery);
  await rotateKeys(noon, async () => true);
}

const emissions: Readonly<Record<string, () => Promise<void>>> = {
  relay: emitOfRelay,
  orders: emitOfOrders,
  payments: emitOfPayments,
  tickets: emitOfTickets,
  balances: emitOfBalances,
  reports: emitOfReports,
  webhooks: emitOfWebhooks,
};

await emissions[service]?.();
for (const consumer of consumers) await requeueAnEvent(consumer);
// The middleware of the handlers does this at the end of each call.
if (metrics.hasStoredMetrics()) metrics.publishStoredMetrics();
