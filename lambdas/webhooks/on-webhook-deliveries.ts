import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import { failureDetails, historyOf, type QueuePort } from '../shared/messaging/queue.ts';
import { createSqsQueue } from '../shared/messaging/sqs-queue.ts';
import { readChaos } from '../shared/runtime/chaos.ts';
import type { Chaos } from '../shared/runtime/chaos-setting.ts';
import { type Clock, systemClock } from '../shared/runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../shared/runtime/env.ts';
import { Busy } from '../shared/runtime/errors.ts';
import { count, logger, observability } from '../shared/runtime/observability.ts';
import { unitOfWork } from '../shared/store/commit.ts';
import type { TablePorts } from '../shared/store/tables.ts';
import { type DeliveryPorts, deliverToWebhook, type Outcome, type ReceivedDelivery } from './deliver.ts';
import { signingPorts } from './deps.ts';
import { parseDelivery } from './order-event.ts';
import { createPost } from './post.ts';
import { SlowTime } from './slow-time.ts';
import { GIVE_UP_AFTER_MS, pauseDelaySeconds, retryDelaySeconds } from './webhook.ts';
import { webhookStore } from './webhook-store.ts';

/** The shares of the function's time after which no request starts, no table is used, and settling ends. */
const START_SHARE = 0.5;
const TABLE_SHARE = 0.8;
const SETTLEMENT_SHARE = 0.9;
const MAX_CONTENTION_DELAY_S = 10;

export interface ConsumerPorts extends TablePorts, Pick<DeliveryPorts, 'readKeys' | 'post' | 'slowTime'> {
  readonly queue: QueuePort;
  readonly chaos: () => Promise<Chaos>;
}

/** Delivers a batch. Each message succeeds or fails alone, and the webhooks of a batch do not wait for each other. */
export async function deliverBatch(
  { Records }: SQSEvent,
  ports: ConsumerPorts,
  timeoutMs: number,
): Promise<SQSBatchResponse> {
  const { clock } = ports;
  const receivedMs = clock.now();
  const chaos = await ports.chaos();
  if (chaos.latency_ms > 0) await clock.sleep(chaos.latency_ms);
  const lastStartMs = receivedMs + timeoutMs * START_SHARE;
  const settlementMs = receivedMs + timeoutMs * SETTLEMENT_SHARE;
  const webhooks = webhookStore(unitOfWork(ports, { deadlineMs: receivedMs + timeoutMs * TABLE_SHARE }));
  const queue = ports.queue.withDeadline(settlementMs);
  const failedIds: string[] = [];
  const settleAll = (outcomes: ReadonlyMap<SQSRecord, Outcome>) =>
    Promise.all(
      [...outcomes].map(([record, outcome]) =>
        settle(record, outcome, { ...ports, queue }).catch((error: unknown) => {
          logger.error('delivery not settled', { message_id: record.messageId, error: error as Error });
          failedIds.push(record.messageId);
        }),
      ),
    );

  const { groups, poison } = groupByWebhook(Records, receivedMs);
  await settleAll(poison);
  await Promise.all(
    [...groups].map(async ([id, messages]) => {
      const outcomes = await withChaos(chaos, ports, () =>
        deliverToWebhook(id, messages, { ...ports, webhooks, lastStartMs }),
      ).catch((error: unknown) => all(messages, outcomeOf(error, clock.random())));
      await settleAll(new Map([...outcomes].map(([{ record }, outcome]) => [record, outcome])));
    }),
  );
  logger.info('batch settled', {
    consumer: 'webhook-deliveries',
    messages: Records.length,
    unsettled: failedIds.length,
  });
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}

const all = (messages: readonly ReceivedDelivery[], outcome: Outcome): ReadonlyMap<ReceivedDelivery, Outcome> =>
  new Map(messages.map((message) => [message, outcome]));

/** Contention ends soon. Any other error is one of ours, such as a key that cannot be read, and not of the receiver. */
function outcomeOf(error: unknown, random: number): Outcome {
  if (error instanceof Busy)
    return { outcome: 'deferred', delaySeconds: Math.ceil(random * MAX_CONTENTION_DELAY_S), reason: error.message };
  count('WebhookErrors');
  logger.error('webhook not called', { error: error as Error });
  return { outcome: 'failed', reason: error instanceof Error ? `${error.name}: ${error.message}` : String(error) };
}

async function withChaos<T>(faults: Chaos, { clock }: TablePorts, deliver: () => Promise<T>): Promise<T> {
  const failAt = (rate: number, when: string) => {
    if (clock.random() >= rate) return;
    count('ChaosFailures');
    throw new Error(`chaos: crashed ${when} the delivery`);
  };
  failAt(faults.consumer_crash_before, 'before');
  const result = await deliver();
  if (clock.random() < faults.duplicate) await deliver();
  failAt(faults.consumer_crash_after, 'after');
  return result;
}

/** Returns the messages by their webhook. What is no delivery can never be sent, so it is dead-lettered at once. */
function groupByWebhook(records: readonly SQSRecord[], nowMs: number) {
  const groups = new Map<string, ReceivedDelivery[]>();
  const poison = new Map<SQSRecord, Outcome>();
  for (const record of records) {
    const delivery = parseDelivery(record.body);
    if (typeof delivery === 'string') poison.set(record, { outcome: 'dead_letter', reason: delivery });
    else {
      const { webhook_id, event } = delivery;
      const ageMs = ageMsOf(record, nowMs);
      groups.set(webhook_id, [...(groups.get(webhook_id) ?? []), { record, event, ageMs }]);
    }
  }
  return { groups, poison };
}

const ageMsOf = (record: SQSRecord, nowMs: number): number => nowMs - Date.parse(historyOf(record).first_received_at);

async function settle(record: SQSRecord, outcome: Outcome, { queue, clock }: ConsumerPorts): Promise<void> {
  if (outcome.outcome === 'done') return;
  const history = historyOf(record);
  const ageMs = ageMsOf(record, clock.now());
  const { reason } = outcome;
  if (outcome.outcome === 'dead_letter' || ageMs >= GIVE_UP_AFTER_MS) {
    await queue.deadLetter(record.body, failureDetails(record, reason, clock.now()));
    count('MessagesDeadLettered');
    logger.error('delivery dead-lettered', { message_id: record.messageId, reason });
    return;
  }
  const failures = history.failures + (outcome.outcome === 'failed' ? 1 : 0);
  const delaySeconds = delayOf(outcome, failures, clock);
  await queue.requeue({ body: record.body, delaySeconds, history: { ...history, failures } });
}

function delayOf(
  outcome: Extract<Outcome, { readonly outcome: 'failed' | 'deferred' }>,
  failures: number,
  clock: Clock,
): number {
  if (outcome.outcome === 'deferred') return outcome.delaySeconds;
  const { notBeforeMs = 0 } = outcome;
  const ownDelay = retryDelaySeconds(failures, clock.random());
  return Math.max(ownDelay, pauseDelaySeconds(notBeforeMs, clock.now(), clock.random()));
}

let ports: ConsumerPorts | undefined;

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observability())
  .handler(async (event, context) => {
    ports ??= createPorts();
    return deliverBatch(event, ports, context.getRemainingTimeInMillis());
  });

function createPorts(): ConsumerPorts {
  const { QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
  const { policy, ...signing } = signingPorts();
  return {
    ...signing,
    post: createPost(policy),
    slowTime: new SlowTime(systemClock),
    queue: createSqsQueue(QUEUE_URL, DLQ_URL),
    chaos: readChaos,
    clock: systemClock,
  };
}
