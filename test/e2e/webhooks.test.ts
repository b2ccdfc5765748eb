import { EventBridgeClient, ListRulesCommand } from '@aws-sdk/client-eventbridge';
import { afterEach, beforeEach, describe, expect, inject, test } from 'vitest';
import { clientOptions } from '../../localstack/settings.ts';
import { ApiClient, expectStatus } from '../support/api-client.ts';
import { EngineFunctions } from '../support/engine-functions.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';
import { WebhookServer } from '../support/webhook-server.ts';

const api = new ApiClient(inject('url'));
const functions = new EngineFunctions(inject('endpoint'));
const ops = new OpsCli(inject('endpoint'));

const ALL_EVENTS = ['order.created', 'order.paid', 'order.finished', 'order.cancelled', 'order.refunded'];
const NINETY_ONE_DAYS_MS = 91 * 24 * 3_600_000;

let secret = '';
let server: WebhookServer;
const webhookIds: string[] = [];
beforeEach(async () => {
  server = await new WebhookServer(() => secret).start();
});
afterEach(async () => {
  for (const id of webhookIds.splice(0)) await api.send('DELETE', `/webhooks/${id}`);
  await server.stop();
});

async function createWebhook(events: readonly string[] = ALL_EVENTS): Promise<string> {
  const { body } = expectStatus(await api.post('/webhooks', { url: server.url, events }), 201);
  secret = String(body['secret']);
  const id = String(body['id']);
  webhookIds.push(id);
  // The fan-out uses the list of webhooks for a second.
  const createdAt = Date.now();
  await poll(
    async () => Date.now() - createdAt,
    (ageMs) => ageMs > 1000,
  );
  return id;
}
const listed = async (id: string) => {
  const { webhooks } = await ops.json<{ webhooks: Record<string, unknown>[] }>('webhooks', 'list');
  const webhook = webhooks.find((candidate) => candidate['id'] === id);
  if (!webhook) throw new Error(`webhooks list does not show ${id}`);
  return webhook;
};
const received = (orderId: string, types: readonly string[]) =>
  poll(
    async () => server.typesOf(orderId),
    (found) => found.length >= types.length,
    100_000,
  );

test('orders cost no message while there is no webhook, since the rules of webhooks are disabled', async () => {
  const events = new EventBridgeClient(clientOptions(inject('endpoint')));
  const readStates = async () => {
    const { Rules = [] } = await events.send(
      new ListRulesCommand({ EventBusName: 'oncebox-test', NamePrefix: 'oncebox-test-webhook-events' }),
    );
    return Rules.map(({ State }) => State);
  };
  expect(expectStatus(await api.get('/webhooks'), 200).body).toEqual([]);
  await api.waitForFinalState(await api.order(await api.customer(10), 10));
  await poll(readStates, (states) => states.every((state) => state === 'DISABLED'));
  await createWebhook();
  expect(await readStates()).toEqual(['ENABLED', 'ENABLED', 'ENABLED']);
});

test('a receiver gets the signed events of an order, each once by its id', async () => {
  await createWebhook();
  const customer = await api.customer(10);
  const finished = await api.order(customer, 10, { description: 'for Bob' });
  expect(await received(finished, ['order.created', 'order.paid', 'order.finished'])).toEqual([
    'order.created',
    'order.paid',
    'order.finished',
  ]);
  expectStatus(await api.refund(finished), 202);
  expect((await received(finished, ['', '', '', 'order.refunded'])).at(-1)).toBe('order.refunded');
  const declined = await api.order(customer, 1000);
  expect(await received(declined, ['order.created', 'order.cancelled'])).toEqual(['order.created', 'order.cancelled']);
  expect(server.accepted.find(({ type }) => type === 'order.cancelled')?.data).toMatchObject({
    reason: 'insufficient_funds',
  });
  expect(JSON.stringify(server.accepted)).not.toMatch(new RegExp(`for Bob|${customer}|balance`));
  expect(server.forged).toBe(0);
});

test('a receiver that fails and hangs gets each event once by its id', async () => {
  await createWebhook(['order.paid']);
  server.fault = (request) => [500, 'hangs' as const][request];
  const customer = await api.customer(10);
  const id = await api.order(customer, 10);
  expect(await received(id, ['order.paid'])).toEqual(['order.paid']);
  expect(server.requests).toBeGreaterThanOrEqual(3);
});

test('the operator sees the result of a test, which does not change the state of the webhook', async () => {
  const id = await createWebhook(['order.paid']);
  expect(await ops.json('webhooks', 'test', id)).toMatchObject({ succeeded: true, result: 'HTTP 200' });
  expect(server.accepted).toMatchObject([{ type: 'webhook.test' }]);
  server.fault = () => 503;
  expect((await ops.run('webhooks', 'test', id)).code).toBe(1);
  expect(await listed(id)).toMatchObject({ status: 'healthy' });
});

test('the operator sees which webhooks are failing, since when, and why', async () => {
  const [failing, healthy] = [await createWebhook(['order.paid']), await createWebhook(['order.refunded'])];
  server.fault = () => 503;
  await api.order(await api.customer(10), 10);
  const seen = await poll(
    () => listed(failing),
    ({ status }) => status === 'failing',
  );
  expect(seen).toMatchObject({ last_failure: 'HTTP 503', failing_since: expect.stringMatching(/^\d{4}-.*Z$/) });
  expect(await listed(healthy)).toMatchObject({ status: 'healthy' });
});

test('the operator replays the events of an order to a webhook that was created later', async () => {
  const customer = await api.customer(10);
  const order = await api.order(customer, 10);
  await api.waitForFinalState(order);
  const id = await createWebhook();
  expect(await ops.json('webhooks', 'replay', id, '--order', order)).toMatchObject({ found: 3, sent: 3 });
  expect(await received(order, ['order.created', 'order.paid', 'order.finished'])).toHaveLength(3);
  expect(await ops.json('webhooks', 'replay', id, '--order', order)).toMatchObject({ sent: 3 });
  await poll(
    async () => server.repeated,
    // Events that were still on their way when the webhook was created have arrived too.
    (repeated) => repeated >= 3,
  );
});

describe('after a rotation of the key', () => {
  test('receivers accept deliveries by the old secret and by the new one', async () => {
    const id = await createWebhook(['order.paid']);
    const oldSecret = secret;
    await functions.runJob('webhooks-rotate-keys', new Date(Date.now() + NINETY_ONE_DAYS_MS));
    const { current, previous } = (await ops.json('webhooks', 'secret', id)) as Record<string, string>;
    expect(previous).toBe(oldSecret);
    expect(current).not.toBe(oldSecret);
    const { key } = await ops.json<{ key: Record<string, unknown> }>('webhooks', 'list');
    expect(key).toMatchObject({ age_days: 0, previous_valid_until: key['rotates_at'] });
    const customer = await api.customer(20);
    const first = await api.order(customer, 10);
    expect(await received(first, ['order.paid'])).toEqual(['order.paid']);
    secret = current ?? '';
    const second = await api.order(customer, 10);
    expect(await received(second, ['order.paid'])).toEqual(['order.paid']);
    expect(server.forged).toBe(0);
  });
});

test('a late repetition does not create a deleted webhook again', async () => {
  const key = `webhook-${Date.now()}`;
  const create = () => api.post('/webhooks', { url: server.url, events: ['order.paid'] }, { key });
  const { body } = expectStatus(await create(), 201);
  expectStatus(await api.send('DELETE', `/webhooks/${body['id']}`), 200);
  expect(expectStatus(await create(), 410).body).toMatchObject({ code: 'webhook_deleted' });
  expectStatus(await api.get(`/webhooks/${body['id']}`), 404);
});

// Whether a name leads to a private address shows only at a delivery: see test/unit/webhooks/post.test.ts.
test('a webhook with a private address in its URL is not created', async () => {
  for (const url of ['https://169.254.169.254/', 'https://10.0.0.1/', 'http://10.0.0.1/'])
    expect((await api.post('/webhooks', { url, events: ['order.paid'] })).status).toBe(400);
});
