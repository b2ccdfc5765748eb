import { beforeEach, describe, expect, test } from 'vitest';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import { WriteRefused } from '../../../lambdas/shared/store/store.ts';
import { createTestEvent } from '../../../lambdas/webhooks/order-event.ts';
import type { PostRequest } from '../../../lambdas/webhooks/post.ts';
import { webhookSecret } from '../../../lambdas/webhooks/signature.ts';
import { GIVE_UP_AFTER_MS, MAX_PAUSE_MS, slowDelaySeconds } from '../../../lambdas/webhooks/webhook.ts';
import { withChaosRates } from '../../support/fixtures.ts';
import { overrideStore } from '../../support/memory-store.ts';
import { DeliveryFixture, orderEvent, webhookId } from '../../support/webhook-fixture.ts';
import { isSignedBy, WebhookReceiver } from '../../support/webhook-receiver.ts';

let fixture: DeliveryFixture;
let id: string;
beforeEach(async () => {
  fixture = new DeliveryFixture();
  id = await fixture.createWebhook('shop');
});

const to = (webhook_id: string, ...orders: readonly string[]) =>
  orders.map((order) => ({ webhook_id, event: orderEvent(order) }));
const received = ({ headers, body }: PostRequest) => ({ headers, body, receivedMs: fixture.clock.now() });
const fails = (result: { status: number } | { error: string } = { status: 500 }) => {
  fixture.respond = async () => result;
};
const health = async () => (await fixture.webhooks.get(id)).health;
/** Lets the webhook fail until it is paused. */
async function pauseWebhook() {
  fails();
  for (const order of ['x', 'y', 'z']) await fixture.deliver(...to(id, order));
  expect((await health()).retry_at).toBeDefined();
  fixture.requests.length = 0;
  fixture.queue.requeued.length = 0;
}

describe('a delivery', () => {
  test('is a signed POST of the event with its id, and is acknowledged', async () => {
    expect(await fixture.deliver(...to(id, 'o1'))).toEqual([]);
    const [request] = fixture.requests;
    if (!request) throw new Error('no request');
    expect(request).toMatchObject({ url: 'https://shop.example/', timeoutMs: 5000 });
    expect(request.headers).toMatchObject({
      'content-type': 'application/json',
      'oncebox-event-id': 'order.paid:o1',
      'oncebox-webhook-id': id,
    });
    expect(JSON.parse(request.body)).toEqual(orderEvent('o1'));
    expect(isSignedBy(webhookSecret('key-1', id), received(request))).toBe(true);
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('is signed by the current and by the previous key, with the time of the attempt', async () => {
    fixture.readKeys = async () => ['key-2', 'key-1'];
    fails();
    await fixture.deliver(...to(id, 'o1'));
    await fixture.deliverRequeued();
    const [first, second] = fixture.requests.map(received);
    if (!first || !second) throw new Error('two requests were expected');
    const accepting = ['key-2', 'key-1', 'key-0'].filter((key) => isSignedBy(webhookSecret(key, id), second));
    expect(accepting).toEqual(['key-2', 'key-1']);
    expect(first.body).toBe(second.body);
    expect(first.headers['oncebox-signature']).not.toBe(second.headers['oncebox-signature']);
  });

  test.each([
    { status: 300 },
    { status: 302 },
    { status: 400 },
    { status: 410 },
    { status: 500 },
    { error: 'ECONNRESET' },
  ])('fails if the receiver answers %o, and is retried', async (result) => {
    fails(result);
    expect(await fixture.deliver(...to(id, 'o1'))).toEqual([]);
    expect(fixture.queue.requeued).toMatchObject([{ delaySeconds: 4, history: { failures: 1 } }]);
    expect((await health()).last_failure).toBe('error' in result ? result.error : `HTTP ${result.status}`);
  });

  test.each([200, 201, 202, 204, 299])('succeeds if the receiver answers %i', async (status) => {
    fails({ status });
    await fixture.deliver(...to(id, 'o1'));
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('is retried with the number of its failures until the receiver accepts it', async () => {
    let left = 5;
    fixture.respond = async () => ({ status: left-- > 0 ? 503 : 200 });
    await fixture.deliver(...to(id, 'o1'));
    const delays: number[] = [];
    while (fixture.queue.requeued.length > 0) {
      delays.push(fixture.queue.requeued[0]?.delaySeconds ?? 0);
      await fixture.deliverRequeued();
    }
    expect(fixture.requests).toHaveLength(6);
    expect(delays.length).toBeGreaterThanOrEqual(5);
    expect(await health()).toEqual({ failures: 0 });
  });

  test('is dropped if its webhook was deleted', async () => {
    await fixture.webhooks.remove(id);
    expect(await fixture.deliver(...to(id, 'o1'))).toEqual([]);
    expect(fixture.requests).toEqual([]);
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('is dead-lettered at once if it is none', async () => {
    await fixture.deliver('{"half":', '{"webhook_id":"a"}');
    expect(fixture.queue.deadLettered.map(({ details }) => details.reason)).toEqual([
      expect.stringContaining('not JSON'),
      'not a delivery: event',
    ]);
  });

  test('is dead-lettered three days after its first receive, with the reason', async () => {
    fails({ error: 'ECONNREFUSED' });
    await fixture.deliver(...to(id, 'o1'));
    let attempts = 1;
    while (fixture.queue.requeued.length > 0) attempts += await fixture.deliverRequeued();
    expect(fixture.queue.deadLettered).toHaveLength(1);
    const { first_received_at, last_received_at, reason } = fixture.queue.deadLettered[0]?.details ?? {};
    const durationMs = Date.parse(last_received_at ?? '') - Date.parse(first_received_at ?? '');
    expect(durationMs).toBeGreaterThanOrEqual(GIVE_UP_AFTER_MS);
    expect(durationMs).toBeLessThan(GIVE_UP_AFTER_MS + 900_000);
    expect(reason).toContain('ECONNREFUSED');
    // One call in 15 minutes for three days, after the shorter pauses.
    expect(attempts).toBeLessThan(330);
    expect(fixture.requests.length).toBeLessThan(310);
  });

  test('is delivered again by SQS if it cannot be requeued', async () => {
    fails();
    fixture.queue.failing = { requeue: true };
    expect(await fixture.deliver(...to(id, 'o1'))).toEqual(['m0']);
  });

  test('is retried if the key cannot be read, and the webhook does not count as failing', async () => {
    fixture.readKeys = async () => {
      throw new Error('no permission');
    };
    await fixture.deliver(...to(id, 'o1'));
    expect(fixture.requests).toEqual([]);
    expect(fixture.queue.requeued).toMatchObject([{ history: { failures: 1 } }]);
    expect(await health()).toEqual({ failures: 0 });
  });

  test('is not repeated if its result cannot be recorded', async () => {
    fails();
    await fixture.deliver(...to(id, 'o1'));
    fails({ status: 200 });
    const refuse = async () => {
      throw new WriteRefused([{ kind: 'throttled' }]);
    };
    fixture.store = overrideStore(fixture.table, { write: refuse });
    fixture.queue.requeued.length = 0;
    expect(await fixture.deliver(...to(id, 'o2'))).toEqual([]);
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('does not disable its webhook by two failures, if its success in between cannot be recorded', async () => {
    const id = await fixture.createWebhook('one');
    fixture.respond = async () => ({ status: 500 });
    await fixture.deliver({ webhook_id: id, event: orderEvent('o1') });
    fixture.respond = async () => ({ status: 200 });
    fixture.store = overrideStore(fixture.table, { write: () => Promise.reject(new Busy('throttled')) });
    await fixture.deliverRequeued();
    fixture.store = fixture.table;
    fixture.clock.pass(GIVE_UP_AFTER_MS);
    fixture.respond = async () => ({ status: 500 });
    await fixture.deliver({ webhook_id: id, event: orderEvent('o2') });
    expect((await fixture.webhooks.get(id)).health).toMatchObject({ failures: 1 });
  });

  test('waits without a failure while the table is busy', async () => {
    const refuse = async () => {
      throw new Busy('throttled');
    };
    fixture.store = overrideStore(fixture.table, { get: refuse });
    expect(await fixture.deliver(...to(id, 'o1'))).toEqual([]);
    expect(fixture.requests).toEqual([]);
    expect(fixture.queue.requeued).toMatchObject([{ delaySeconds: 5, history: { failures: 0 } }]);
  });

  test('is repeated with the same id after a crash between the request and its record', async () => {
    const receiver = new WebhookReceiver(webhookSecret('key-1', id));
    fixture.respond = async (request) => ({ status: receiver.receive(received(request)) });
    fixture.chaos = withChaosRates({ consumer_crash_after: 1 });
    await fixture.deliver(...to(id, 'o1'));
    fixture.chaos = withChaosRates({});
    await fixture.deliverRequeued();
    expect(receiver).toMatchObject({ repeated: 1, forged: 0, accepted: [{ id: 'order.paid:o1' }] });
  });
});

describe('the deliveries of one batch', () => {
  test('fail alone, and a webhook that accepts some of them is not failing', async () => {
    fixture.respond = async ({ body }) => ({ status: body.includes('bad') ? 500 : 200 });
    await fixture.deliver(...to(id, 'o1', 'bad', 'o2'));
    expect(fixture.queue.requeued.map(({ body }) => body)).toEqual([expect.stringContaining('order.paid:bad')]);
    expect(await health()).toEqual({ failures: 0 });
  });

  test('count as one failure of their webhook if all of them fail', async () => {
    fails();
    await fixture.deliver(...to(id, 'o1', 'o2', 'o3', 'o4'));
    expect(await health()).toMatchObject({ failures: 1 });
  });

  test('go to all webhooks at the same time, so that one that hangs delays no other', async () => {
    const other = await fixture.createWebhook('bank');
    const started: string[] = [];
    let release: () => void = () => undefined;
    const hanging = new Promise<void>((resolve) => {
      release = resolve;
    });
    fixture.respond = async ({ url }) => {
      started.push(url);
      if (url.includes('shop')) await hanging;
      else release();
      return { status: 200 };
    };
    await fixture.deliver(...to(id, 'o1'), ...to(other, 'o1'));
    expect(started.toSorted()).toEqual(['https://bank.example/', 'https://shop.example/']);
  });

  test('write nothing and read one row while the webhook is healthy', async () => {
    const before = fixture.table.all();
    await fixture.deliver(...to(id, 'o1', 'o2'));
    expect(fixture.table.all()).toEqual(before);
  });
});

describe('while a webhook is failing', () => {
  test('its messages wait without being sent and without counting as failed', async () => {
    await pauseWebhook();
    await fixture.deliver(...to(id, 'o1', 'o2'));
    expect(fixture.requests).toEqual([]);
    expect(fixture.queue.requeued).toMatchObject([
      { delaySeconds: 40, history: { failures: 0 } },
      { delaySeconds: 40, history: { failures: 0 } },
    ]);
  });

  test('one message is tried after the pause, and the others are sent if it succeeds', async () => {
    await pauseWebhook();
    fails({ status: 200 });
    fixture.clock.pass(11_000);
    await fixture.deliver(...to(id, 'o1', 'o2', 'o3'));
    expect(fixture.requests).toHaveLength(3);
    expect(await health()).toEqual({ failures: 0 });
  });

  test('one message is tried after the pause, and the others wait if it fails', async () => {
    await pauseWebhook();
    fixture.clock.pass(11_000);
    await fixture.deliver(...to(id, 'o1', 'o2', 'o3'));
    expect(fixture.requests).toHaveLength(1);
    expect(fixture.queue.requeued.map(({ history }) => history.failures)).toEqual([1, 0, 0]);
  });

  test('of two consumers only one tries it', async () => {
    await pauseWebhook();
    fixture.clock.pass(11_000);
    await Promise.all([fixture.deliver(...to(id, 'o1')), fixture.deliver(...to(id, 'o2'))]);
    expect(fixture.requests).toHaveLength(1);
  });

  test('it is disabled after three days, and its messages are dead-lettered until it is enabled', async () => {
    await pauseWebhook();
    for (let ms = 0; ms < GIVE_UP_AFTER_MS; ms += MAX_PAUSE_MS) {
      expect((await health()).disabled_at).toBeUndefined();
      fixture.clock.pass(MAX_PAUSE_MS);
      await fixture.deliver(...to(id, 'o1'));
    }
    expect((await health()).disabled_at).toBeDefined();
    await fixture.deliver(...to(id, 'o2'));
    expect(fixture.queue.deadLettered.at(-1)?.details.reason).toMatch(/^the webhook was disabled at .*: HTTP 500$/);
    await fixture.webhooks.enable(id);
    fails({ status: 200 });
    fixture.requests.length = 0;
    await fixture.deliver(...to(id, 'o3'));
    expect(fixture.requests).toHaveLength(1);
  });
});

describe('a webhook whose receiver is slow', () => {
  const respondsAfter = (ms: number) => {
    fixture.respond = async () => {
      fixture.clock.pass(ms);
      return { status: 200 };
    };
  };

  test('is called again only when it has used a tenth of the time', async () => {
    respondsAfter(5000);
    await fixture.deliver(...to(id, 'o1'));
    await fixture.deliver(...to(id, 'o2'));
    expect(fixture.requests).toHaveLength(1);
    expect(fixture.queue.requeued).toMatchObject([{ delaySeconds: 8, history: { failures: 0 } }]);
    // 4 s above the limit of a second, less 2 s that are free.
    fixture.clock.pass(19_000);
    await fixture.deliver(...to(id, 'o2'));
    expect(fixture.requests).toHaveLength(1);
    fixture.clock.pass(1000);
    await fixture.deliver(...to(id, 'o2'));
    expect(fixture.requests).toHaveLength(2);
    expect(await health()).toEqual({ failures: 0 });
  });

  test('delays no other webhook', async () => {
    const other = await fixture.createWebhook('other');
    respondsAfter(5000);
    await fixture.deliver(...to(id, 'o1'));
    await fixture.deliver(...to(id, 'o2'), ...to(other, 'o2'));
    expect(fixture.requests.map(({ url }) => url)).toEqual(['https://shop.example/', 'https://other.example/']);
  });

  test('is not limited if it responds within a second, or is slow for a moment', async () => {
    respondsAfter(1000);
    for (let order = 0; order < 100; order++) await fixture.deliver(...to(id, `o${order}`));
    respondsAfter(3000);
    await fixture.deliver(...to(id, 'slow'));
    respondsAfter(100);
    await fixture.deliver(...to(id, 'next'));
    expect(fixture.requests).toHaveLength(102);
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('gets messages that wait for longer and longer, up to 15 minutes', () => {
    const MINUTES_MS = 60_000;
    expect([0, 1, 10, 60].map((minutes) => slowDelaySeconds(minutes * MINUTES_MS, 0.99))).toEqual([10, 30, 299, 896]);
    expect([0, 1, 10, 60].map((minutes) => slowDelaySeconds(minutes * MINUTES_MS, 0))).toEqual([5, 15, 150, 450]);
  });
});

describe('a test of a webhook', () => {
  const testOf = (webhook_id: string) => ({
    webhook_id,
    event: createTestEvent(webhook_id, 't1', '2026-01-01T12:00:00.000Z'),
  });

  test('is sent once, even if the webhook is paused, and its result is recorded', async () => {
    await pauseWebhook();
    fails({ status: 418 });
    await fixture.deliver(testOf(id));
    expect(fixture.requests.map(({ body }) => JSON.parse(body).type)).toEqual(['webhook.test']);
    expect(await fixture.webhooks.lastTest(id)).toMatchObject({
      event_id: 'webhook.test:t1',
      succeeded: false,
      result: 'HTTP 418',
    });
    expect(fixture.queue.requeued).toEqual([]);
  });

  test('does not change the health of the webhook', async () => {
    fails();
    await fixture.deliver(testOf(id));
    expect(await health()).toEqual({ failures: 0 });
  });

  test('is dropped if the webhook was deleted', async () => {
    expect(await fixture.deliver(testOf(webhookId('other')))).toEqual([]);
    expect(fixture.requests).toEqual([]);
  });
});
