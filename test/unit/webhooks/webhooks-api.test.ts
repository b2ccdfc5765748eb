import { beforeEach, describe, expect, test } from 'vitest';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { handler } from '../../../lambdas/webhooks/api.ts';
import { createWebhooksApiDeps, type ReadKeys } from '../../../lambdas/webhooks/deps.ts';
import { webhookSecret } from '../../../lambdas/webhooks/signature.ts';
import { WEBHOOKS } from '../../../lambdas/webhooks/webhook-row.ts';
import { MAX_WEBHOOKS, webhookStore } from '../../../lambdas/webhooks/webhook-store.ts';
import { RecordingRules } from '../../support/event-rules.ts';
import { createSteppingClock, gatewayEvent } from '../../support/fixtures.ts';
import { interruptions, interruptRead } from '../../support/interrupted-read.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

let send: ReturnType<typeof handler.withRuntime>;
let table: ReturnType<typeof createMemoryStore>;
let clock: ReturnType<typeof createSteppingClock>;
let readKeys: ReadKeys;
let rules: RecordingRules;
beforeEach(() => {
  clock = createSteppingClock();
  table = createMemoryStore({ now: clock.now });
  readKeys = async () => ['key-1'];
  rules = new RecordingRules();
  const policy = { allowsLoopback: false };
  const ports = { store: table, clock, readKeys: () => readKeys(), policy, createRules: () => rules };
  send = handler.withRuntime({ createDeps: createWebhooksApiDeps(ports), clock, baseUrl: '' });
});

const webhooksIn = (store: typeof table) => store.all().filter(({ pk }) => pk === WEBHOOKS);
const input = { url: 'https://shop.example/hook', events: ['order.paid', 'order.finished'] };
const create = async (body: unknown, key?: string) => {
  const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
  const response = await send(gatewayEvent('POST /webhooks', { body: JSON.stringify(body), headers }));
  return { ...response, body: JSON.parse(response.body) as Record<string, unknown>, text: response.body };
};
const call = async (route: string, options: Parameters<typeof gatewayEvent>[1] = {}) => {
  const response = await send(gatewayEvent(route, options));
  return { ...response, body: JSON.parse(response.body) };
};
const byId = (id: unknown) => ({ pathParameters: { id: String(id) } });

describe('POST /webhooks', () => {
  test('creates a webhook and returns its secret', async () => {
    const { statusCode, body, headers } = await create(input, 'k1');
    expect(statusCode).toBe(201);
    expect(body).toMatchObject({ url: input.url, events: ['order.finished', 'order.paid'], status: 'healthy' });
    expect(body['secret']).toBe(webhookSecret('key-1', String(body['id'])));
    expect(headers).toMatchObject({ Location: `/webhooks/${body['id']}` });
  });

  test('enables the rules of order events after the webhook is written, also for a repeated request', async () => {
    const existing: number[] = [];
    rules.enable = async () => void existing.push(table.all().length);
    await create(input, 'k1');
    await create(input, 'k1');
    // The webhook, and the record of its Idempotency-Key.
    expect(existing).toEqual([2, 2]);
  });

  test('fails if the rules cannot be enabled, and a repeated request enables them', async () => {
    const { enable } = rules;
    rules.enable = () => Promise.reject(new Error('EventBridge is not available'));
    expect((await create(input, 'k1')).statusCode).toBe(500);
    rules.enable = enable;
    const { statusCode, headers } = await create(input, 'k1');
    expect(statusCode).toBe(201);
    expect(headers).toMatchObject({ 'Idempotency-Replayed': 'true' });
    expect(rules.changes).toEqual(['enable']);
  });

  test('stores no secret', async () => {
    const { body } = await create(input);
    expect(JSON.stringify(table.all())).not.toContain(String(body['secret']).slice('whsec_'.length));
  });

  test('returns the same response to a repeated request, and 422 to another one with the same key', async () => {
    const first = await create(input, 'k1');
    const second = await create(input, 'k1');
    expect(second.text).toBe(first.text);
    expect(second.headers).toMatchObject({ 'Idempotency-Replayed': 'true' });
    expect((await create({ ...input, url: 'https://other.example/' }, 'k1')).statusCode).toBe(422);
    expect(webhooksIn(table)).toHaveLength(1);
  });

  test('returns the first response also while the webhook fails, and the valid secret after a rotation', async () => {
    const first = await create(input, 'k1');
    const id = String(first.body['id']);
    const webhooks = webhookStore({ store: table, clock, deadlineMs: Number.POSITIVE_INFINITY });
    await webhooks.recordResult(id, { succeeded: false, reason: 'HTTP 500' });
    expect((await call('GET /webhooks/{id}', byId(id))).body.status).toBe('failing');
    expect((await create(input, 'k1')).text).toBe(first.text);
    readKeys = async () => ['key-2', 'key-1'];
    expect((await create(input, 'k1')).body).toEqual({ ...first.body, secret: webhookSecret('key-2', id) });
  });

  test('does not create a webhook again that was deleted, and creates another one with another key', async () => {
    const { body } = await create(input, 'k1');
    expect((await call('DELETE /webhooks/{id}', byId(body['id']))).statusCode).toBe(200);
    rules.changes.length = 0;
    const late = await create(input, 'k1');
    expect([late.statusCode, late.body['code']]).toEqual([410, 'webhook_deleted']);
    expect(rules.changes).toEqual([]);
    expect((await create({ ...input, url: 'https://other.example/' }, 'k1')).statusCode).toBe(422);
    expect(webhooksIn(table)).toEqual([]);
    expect((await create(input, 'k2')).statusCode).toBe(201);
  });

  test('creates one webhook for 50 requests with the same key at once', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => create(input, 'k1')));
    expect(new Set(responses.map(({ text }) => text)).size).toBe(1);
    expect(webhooksIn(table)).toHaveLength(1);
  });

  test('creates another webhook for the same URL with another key, with another secret', async () => {
    const [first, second] = [await create(input, 'k1'), await create(input, 'k2')];
    expect(first.body['secret']).not.toBe(second.body['secret']);
  });

  test.each([
    [{ ...input, url: 'http://shop.example/' }, 'url', 'must begin with https://'],
    [{ ...input, url: 'https://10.0.0.1/' }, 'url', 'must have a public address'],
    [{ ...input, url: 7 }, 'url', ''],
    [{ ...input, events: [] }, 'events', ''],
    [{ ...input, events: ['order.paid', 'order.paid'] }, 'events', 'must name each event only once'],
    [{ ...input, events: ['webhook.test'] }, 'events.0', ''],
    [{ ...input, events: ['order.everything'] }, 'events.0', ''],
    [{ url: input.url }, 'events', ''],
    [{ ...input, secret: 'mine' }, 'secret', ''],
  ])('rejects %o', async (body, path, message) => {
    const response = await create(body);
    expect(response.statusCode).toBe(400);
    expect(response.body['errors']).toEqual([{ path, message: expect.stringContaining(message) }]);
    expect(table.all()).toEqual([]);
  });

  test('creates nothing if the key cannot be read', async () => {
    readKeys = async () => {
      throw new Error('no permission');
    };
    expect((await create(input, 'k1')).statusCode).toBe(500);
    expect(table.all()).toEqual([]);
  });

  test('rejects a webhook above the maximum, and replays those that exist', async () => {
    for (let index = 0; index < MAX_WEBHOOKS; index++) await create(input, `k${index}`);
    const { statusCode, body } = await create(input, 'one-more');
    expect([statusCode, body['code']]).toEqual([422, 'webhook_limit']);
    expect((await create(input, 'k7')).statusCode).toBe(201);
  });

  test.each(interruptions)('returns the last webhook to two attempts of its request (%o)', async (interruption) => {
    const work = { store: table, clock, deadlineMs: Number.POSITIVE_INFINITY };
    const createOn = (store: Store, id: string) =>
      webhookStore({ ...work, store }).create(input, { id, body_hash: 'hash', hasKey: true });
    for (let index = 1; index < MAX_WEBHOOKS; index++) await createOn(table, `w${index}`);
    const store = interruptRead(table, interruption, () => createOn(table, 'last'));
    expect(await createOn(store, 'last')).toMatchObject({ webhook: { id: 'last' } });
  });
});

describe('the other routes', () => {
  test('show a webhook without its secret', async () => {
    const { body } = await create(input);
    const { secret: _, ...webhook } = body;
    expect(await call('GET /webhooks/{id}', byId(body['id']))).toMatchObject({ statusCode: 200, body: webhook });
    expect((await call('GET /webhooks/{id}', byId(body['id']))).body).not.toHaveProperty('secret');
  });

  test('list all webhooks page by page', async () => {
    for (const key of ['a', 'b', 'c']) await create(input, key);
    const ids: string[] = [];
    let cursor: string | undefined;
    do {
      const query = { limit: '2', ...(cursor === undefined ? {} : { cursor }) };
      const { body, headers } = await call('GET /webhooks', { queryStringParameters: query });
      ids.push(...(body as { id: string }[]).map(({ id }) => id));
      cursor = /cursor=([^>&]+)/.exec(String(headers?.['Link'] ?? ''))?.[1];
    } while (cursor);
    expect(ids).toHaveLength(3);
    expect(new Set(ids).size).toBe(3);
  });

  test('delete a webhook once', async () => {
    const { body } = await create(input);
    const deleted = await call('DELETE /webhooks/{id}', byId(body['id']));
    expect(deleted).toMatchObject({ statusCode: 200, body: { id: body['id'], status: 'deleted' } });
    expect((await call('DELETE /webhooks/{id}', byId(body['id']))).statusCode).toBe(404);
    expect((await call('GET /webhooks/{id}', byId(body['id']))).body['code']).toBe('webhook_not_found');
  });
});
