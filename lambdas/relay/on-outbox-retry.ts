import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import {
  changeVisibilityOfAll,
  failureDetails,
  historyOf,
  type QueuePort,
  type VisibilityChange,
} from '../shared/messaging/queue.ts';
import { createSqsQueue } from '../shared/messaging/sqs-queue.ts';
import { readChaos } from '../shared/runtime/chaos.ts';
import { systemClock, toIso } from '../shared/runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../shared/runtime/env.ts';
import { logger, observability, recordMaximum } from '../shared/runtime/observability.ts';
import { OutboxRetryEnv } from './env.ts';
import { createEventBridgeBus } from './event-bus.ts';
import { type RelayPorts, relayDeadlines, sendWithRetries, separateEvents, splitIntoBatches } from './relay.ts';

/** Events are retried for a day, which covers an outage of the bus. After that, an operator decides. */
const MAX_AGE_MS = 24 * 3600 * 1000;
const MAX_DELAY_S = 900;

export const retryDelaySeconds = (receiveCount: number): number => Math.min(2 ** (receiveCount - 1), MAX_DELAY_S);

type RetryPorts = Omit<RelayPorts, 'park'> & { readonly queue: QueuePort };

/** Sends parked events again until the bus takes them, or gives them up after a day. */
export async function retryParkedEvents(
  { Records }: SQSEvent,
  ports: RetryPorts,
  sendingMs = Number.POSITIVE_INFINITY,
): Promise<SQSBatchResponse> {
  const failedIds: string[] = [];
  const backoffs: VisibilityChange[] = [];
  for (const record of Records) {
    const { messageId: id, receiptHandle: handle } = record;
    try {
      if (await settleMessage(record, ports, sendingMs)) continue;
    } catch (error) {
      logger.error('parked events not settled', { message_id: id, error: error as Error });
    }
    failedIds.push(id);
    backoffs.push({ id, handle, seconds: retryDelaySeconds(historyOf(record).receive_count) });
  }
  await changeVisibilityOfAll(backoffs, ports.queue);
  logger.info('parked events retried', { messages: Records.length, waiting: failedIds.length });
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}

/**
 * Sends the events of one message and returns whether the message is finished. If the bus takes some of its events, or
 * some are unreadable, the others continue as a new message, so that an event is not repeated because of its
 * neighbours.
 */
async function settleMessage(record: SQSRecord, ports: RetryPorts, sendingMs: number): Promise<boolean> {
  const { queue, clock } = ports;
  const { events, unreadable } = parseParkedMessage(record.body);
  const parkedMs = Date.parse(historyOf(record).waiting_since ?? toIso(Number(record.attributes.SentTimestamp)));
  const hadTime = clock.now() <= sendingMs;
  const unsent = await sendInTime(events, ports, sendingMs);
  if (unreadable !== undefined)
    await deadLetter(record, ports, { body: unreadable, reason: 'not an event envelope', events: [] });
  if (unsent.length === 0) return true;
  const body = JSON.stringify(unsent);
  if (unsent.length < events.length || unreadable !== undefined) {
    const history = { waiting_since: toIso(parkedMs), ...historyOf(record) };
    await queue.requeue({ body, delaySeconds: 1, history });
    return true;
  }
  const ageMs = clock.now() - parkedMs;
  // SQS leaves messages that were received more than three times out of its own metric of the oldest message.
  recordMaximum('ParkedEventAge', ageMs / 1000);
  // A message that was not tried for lack of time is never given up.
  if (!hadTime || ageMs <= MAX_AGE_MS) return false;
  await deadLetter(record, ports, {
    body,
    reason: `the bus refused all ${unsent.length} events for 24 h`,
    events: unsent,
  });
  return true;
}

/** Sends events until the deadline and returns those that were not sent, so that all messages get their backoff. */
async function sendInTime(events: readonly Envelope[], ports: RetryPorts, sendingMs: number): Promise<Envelope[]> {
  const unsent: Envelope[] = [];
  for (const batch of splitIntoBatches(events))
    unsent.push(...(ports.clock.now() > sendingMs ? batch : await sendWithRetries(batch, ports, sendingMs)));
  return unsent;
}

async function deadLetter(
  record: SQSRecord,
  { queue, clock }: RetryPorts,
  { body, reason, events }: { body: string; reason: string; events: readonly Envelope[] },
): Promise<void> {
  await queue.deadLetter(body, failureDetails(record, reason, clock.now()));
  const ids = events.map(({ id }) => id);
  logger.error('parked events dead-lettered', { message_id: record.messageId, reason, events: ids });
}

/** Returns the events of a parked message, and as text what is not an event: a part of the list, or the whole body. */
function parseParkedMessage(body: string): { events: readonly Envelope[]; unreadable?: string } {
  const list = parseList(body);
  if (!list) return { events: [], unreadable: body };
  const { events, unreadable } = separateEvents(list);
  return { events, ...(unreadable.length > 0 ? { unreadable: JSON.stringify(unreadable) } : {}) };
}

function parseList(body: string): readonly unknown[] | undefined {
  try {
    const list: unknown = JSON.parse(body);
    return Array.isArray(list) ? list : undefined;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

let ports: RetryPorts | undefined;

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observability())
  .handler(async (event, context) => {
    const { sendingMs, parkingMs } = relayDeadlines(systemClock.now(), context.getRemainingTimeInMillis());
    ports ??= createPorts();
    return retryParkedEvents(event, { ...ports, queue: ports.queue.withDeadline(parkingMs) }, sendingMs);
  });

function createPorts(): RetryPorts {
  const { BUS_NAME } = readEnv(OutboxRetryEnv);
  const { QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
  return {
    bus: createEventBridgeBus(BUS_NAME),
    queue: createSqsQueue(QUEUE_URL, DLQ_URL),
    clock: systemClock,
    chaos: readChaos,
  };
}
