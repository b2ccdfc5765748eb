import type { SQSRecord } from 'aws-lambda';
import { type Clock, toIso } from '../shared/runtime/clock.ts';
import { Busy } from '../shared/runtime/errors.ts';
import { count, logger, recordMaximum } from '../shared/runtime/observability.ts';
import type { ReadKeys } from './deps.ts';
import { type OrderEvent, TEST_EVENT } from './order-event.ts';
import type { Post, PostResult } from './post.ts';
import { signatureOf, webhookSecret } from './signature.ts';
import type { SlowTime } from './slow-time.ts';
import { type Health, healthy, pauseDelaySeconds, slowDelaySeconds, type Webhook } from './webhook.ts';
import type { DeliveryResult, WebhookStore } from './webhook-store.ts';

/** How the handling of a message has ended, and so what happens to the message. */
export type Outcome =
  /** Delivered, or there is nobody to deliver it to. */
  | { readonly outcome: 'done' }
  | {
      readonly outcome: 'failed';
      readonly reason: string;
      /** Before this time the webhook is not called, so the message need not return. */
      readonly notBeforeMs?: number;
    }
  /** It was not sent: the receiver has failed before or is slow, or there was no time left. */
  | { readonly outcome: 'deferred'; readonly delaySeconds: number; readonly reason: string }
  | { readonly outcome: 'dead_letter'; readonly reason: string };

export interface ReceivedDelivery {
  readonly record: SQSRecord;
  readonly event: OrderEvent;
  /** How long ago the message was received for the first time. */
  readonly ageMs: number;
}

export interface DeliveryPorts {
  readonly webhooks: WebhookStore;
  readonly readKeys: ReadKeys;
  readonly post: Post;
  readonly clock: Clock;
  readonly slowTime: SlowTime;
  /** No request starts after this time, so that its message can still be settled. */
  readonly lastStartMs: number;
}

/** A receiver that needs longer must answer first and work then. `SlowTime` limits how often others wait for it. */
export const RESPONSE_TIMEOUT_MS = 5000;

type Deliveries = readonly ReceivedDelivery[];
type Settled = ReadonlyMap<ReceivedDelivery, Outcome>;

/**
 * Delivers the messages of one batch to one webhook, all at the same time. While the webhook is failing, only one of
 * them is tried, and the others wait without counting as failed.
 */
export async function deliverToWebhook(id: string, messages: Deliveries, ports: DeliveryPorts): Promise<Settled> {
  const tests = messages.filter(({ event }) => event.type === TEST_EVENT);
  const deliveries = messages.filter(({ event }) => event.type !== TEST_EVENT);
  const settled = await Promise.all([
    ...(tests.length > 0 ? [runTests(id, tests, ports)] : []),
    ...(deliveries.length > 0 ? [admitAndDeliver(id, deliveries, ports)] : []),
  ]);
  return new Map(settled.flatMap((outcomes) => [...outcomes]));
}

async function admitAndDeliver(id: string, messages: Deliveries, ports: DeliveryPorts): Promise<Settled> {
  const { webhooks, clock, slowTime } = ports;
  if (slowTime.isUsedUp(id)) return deferSlow(id, messages, clock);
  const admitted = await webhooks.admit(id);
  if (!admitted) {
    logger.info('webhook deleted', { webhook_id: id, messages: messages.length });
    return all(messages, { outcome: 'done' });
  }
  const { webhook, admission } = admitted;
  if (admission.allows === 'disabled')
    return all(messages, { outcome: 'dead_letter', reason: disabledReason(webhook) });
  if (admission.allows === 'none') return defer(messages, webhook, admission.untilMs, clock);
  if (admission.allows === 'all') return (await deliverAll(webhook, messages, ports)).outcomes;
  const trial = await deliverAll(webhook, messages.slice(0, 1), ports);
  const others = messages.slice(1);
  const { disabled_at, retry_at } = trial.health;
  if (disabled_at !== undefined) return new Map([...trial.outcomes, ...defer(others, webhook, clock.now(), clock)]);
  if (retry_at !== undefined)
    return new Map([...trial.outcomes, ...defer(others, webhook, Date.parse(retry_at), clock)]);
  return new Map([...trial.outcomes, ...(await deliverAll(webhook, others, ports)).outcomes]);
}

/**
 * Sends all messages, and records once how they have ended. A webhook that accepts some of them is not failing. Returns
 * the health of the webhook after that.
 */
async function deliverAll(
  webhook: Webhook,
  messages: Deliveries,
  ports: DeliveryPorts,
): Promise<{ outcomes: Settled; health: Health }> {
  const { webhooks, clock, slowTime } = ports;
  const outcomes = new Map<ReceivedDelivery, Outcome>();
  const startMs = clock.now();
  await Promise.all(
    messages.map(async (message) => void outcomes.set(message, await attempt(webhook, message.event, ports))),
  );
  slowTime.charge(webhook.id, clock.now() - startMs);
  const results = [...outcomes.values()];
  const delivered = results.filter(({ outcome }) => outcome === 'done').length;
  const failure = results.find((result) => result.outcome === 'failed');
  count('WebhooksDelivered', delivered);
  count('WebhookAttemptsFailed', results.filter(({ outcome }) => outcome === 'failed').length);
  if (delivered === 0 && !failure) return { outcomes, health: webhook.health };
  // A healthy webhook stays healthy, so the row of most deliveries is neither read again nor written.
  if (delivered > 0 && webhook.health.failures === 0) return { outcomes, health: webhook.health };
  const result: DeliveryResult =
    delivered === 0 && failure ? { succeeded: false, reason: failure.reason } : { succeeded: true };
  const after = await tryToRecord(webhook, result, webhooks);
  const health = after?.health ?? healthy;
  if (delivered > 0) return { outcomes, health };
  reportFailing(after, clock);
  return { outcomes: notBefore(outcomes, health), health };
}

/** Records a result. If the table is busy, the next result is recorded instead, and nothing is sent again for it. */
async function tryToRecord(
  webhook: Webhook,
  result: DeliveryResult,
  webhooks: WebhookStore,
): Promise<Webhook | undefined> {
  try {
    return await webhooks.recordResult(webhook.id, result);
  } catch (error) {
    if (!(error instanceof Busy)) throw error;
    logger.warn('result of deliveries not recorded', { webhook_id: webhook.id, error });
    return webhook;
  }
}

/** Lets failed messages wait for the end of the pause that their failure has caused. */
function notBefore(outcomes: Settled, { retry_at }: Health): Settled {
  if (retry_at === undefined) return outcomes;
  const notBeforeMs = Date.parse(retry_at);
  return new Map(
    [...outcomes].map(([message, outcome]) => [
      message,
      outcome.outcome === 'failed' ? { ...outcome, notBeforeMs } : outcome,
    ]),
  );
}

function reportFailing(webhook: Webhook | undefined, clock: Clock): void {
  if (!webhook) return;
  const { id, health } = webhook;
  const { failing_since, last_failure, disabled_at } = health;
  const failingMs = failing_since === undefined ? 0 : clock.now() - Date.parse(failing_since);
  recordMaximum('WebhookFailingAge', failingMs / 1000);
  logger.warn('webhook failing', { webhook_id: id, reason: last_failure, seconds: Math.round(failingMs / 1000) });
  if (disabled_at === undefined) return;
  count('WebhooksDisabled');
  logger.error('webhook disabled', { webhook_id: id, failing_since });
}

async function attempt(webhook: Webhook, event: OrderEvent, ports: DeliveryPorts): Promise<Outcome> {
  if (ports.clock.now() > ports.lastStartMs)
    return { outcome: 'deferred', delaySeconds: 1, reason: 'there was no time left to send it' };
  const result = await send(webhook, event, ports);
  const failure = failureOf(result);
  logger.info(failure === undefined ? 'webhook delivered' : 'webhook delivery failed', {
    webhook_id: webhook.id,
    event_id: event.id,
    ...(failure === undefined ? {} : { reason: failure }),
  });
  return failure === undefined ? { outcome: 'done' } : { outcome: 'failed', reason: failure };
}

/** Sends an event with a new signature. Its time is the time of the attempt, so receivers can refuse old requests. */
async function send({ id, url }: Webhook, event: OrderEvent, { readKeys, post, clock }: DeliveryPorts) {
  const secrets = (await readKeys()).flatMap((key) => (key === undefined ? [] : [webhookSecret(key, id)]));
  const body = JSON.stringify(event);
  const timestampS = Math.floor(clock.now() / 1000);
  const headers = {
    'content-type': 'application/json',
    'user-agent': 'Oncebox-Webhooks/1',
    'oncebox-event-id': event.id,
    'oncebox-webhook-id': id,
    'oncebox-signature': signatureOf({ body, timestampS, secrets }),
  };
  return post({ url, headers, body, timeoutMs: RESPONSE_TIMEOUT_MS });
}

/** Returns why the receiver has not accepted the event, or nothing. A redirect is not followed, so it has failed. */
function failureOf(result: PostResult): string | undefined {
  if ('error' in result) return result.error;
  return result.status >= 200 && result.status < 300 ? undefined : `HTTP ${result.status}`;
}

/** Sends tests at once, whatever the health of the webhook is, and records their results for the operator. */
async function runTests(id: string, tests: Deliveries, { webhooks, ...ports }: DeliveryPorts): Promise<Settled> {
  const webhook = await webhooks.find(id);
  if (!webhook) return all(tests, { outcome: 'done' });
  await Promise.all(
    tests.map(async ({ event }) => {
      const result = await send(webhook, event, { webhooks, ...ports });
      await webhooks.recordTest(id, {
        event_id: event.id,
        succeeded: failureOf(result) === undefined,
        result: 'error' in result ? result.error : `HTTP ${result.status}`,
        at: toIso(ports.clock.now()),
      });
    }),
  );
  return all(tests, { outcome: 'done' });
}

const disabledReason = ({ health }: Webhook): string =>
  `the webhook was disabled at ${health.disabled_at}: ${health.last_failure}`;

function defer(messages: Deliveries, { health }: Webhook, untilMs: number, clock: Clock): Settled {
  count('WebhookDeliveriesDeferred', messages.length);
  return new Map(
    messages.map((message) => {
      const delaySeconds = pauseDelaySeconds(untilMs, clock.now(), clock.random());
      return [message, { outcome: 'deferred', delaySeconds, reason: `the webhook is failing: ${health.last_failure}` }];
    }),
  );
}

/** Lets the messages of a slow receiver wait, so that the environment delivers to the others meanwhile. */
function deferSlow(id: string, messages: Deliveries, clock: Clock): Settled {
  const seconds = Math.max(...messages.map(({ ageMs }) => ageMs)) / 1000;
  count('WebhookDeliveriesDeferred', messages.length);
  recordMaximum('WebhookFailingAge', seconds);
  logger.info('slow webhook not called', { webhook_id: id, messages: messages.length, seconds: Math.round(seconds) });
  return new Map(
    messages.map((message) => {
      const delaySeconds = slowDelaySeconds(message.ageMs, clock.random());
      return [message, { outcome: 'deferred', delaySeconds, reason: 'the receiver responds too slowly' }];
    }),
  );
}

const all = (messages: Deliveries, outcome: Outcome): Settled => new Map(messages.map((message) => [message, outcome]));
