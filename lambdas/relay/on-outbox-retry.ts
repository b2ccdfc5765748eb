import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Envelope, Envelope as EnvelopeSchema } from '../../events/envelope.ts';
import {
  changeVisibilityOfAll,
  failureDetails,
  type QueuePort,
  receiveCountOf,
  type VisibilityChange,
} from '../shared/messaging/queue.ts';
import { createSqsQueue } from '../shared/messaging/sqs-queue.ts';
import { readChaos } from '../shared/runtime/chaos.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../shared/runtime/env.ts';
import { logger, observability } from '../shared/runtime/observability.ts';
import { OutboxRetryEnv } from './env.ts';
import { createEventBridgeBus } from './event-bus.ts';
import { DEADLINE_SHARE, type RelayPorts, sendOnce, splitIntoBatches } from './relay.ts';

/** Events are retried for a day, which covers an outage of the bus. After that, an operator decides. */
const MAX_AGE_MS = 24 * 3600 * 1000;
const MAX_DELAY_S = 900;

export const retryDelaySeconds = (receiveCount: number): number => Math.min(2 ** (receiveCount - 1), MAX_DELAY_S);

type RetryPorts = Omit<RelayPorts, 'park'> & { readonly queue: QueuePort };

type Settlement =
  | { readonly outcome: 'sent' }
  | { readonly outcome: 'retry' }
  | { readonly outcome: 'requeue'; readonly unsent: readonly Envelope[] }
  | { readonly outcome: 'dead_letter'; readonly reason: string; readonly unsent: readonly Envelope[] };

/**
 * Sends parked events again until the bus takes them. If it takes some events of a message, the others continue as a
 * new message, so that no event is sent twice because of its neighbours.
 */
export async function retryParkedEvents(
  { Records }: SQSEvent,
  ports: RetryPorts,
  deadlineMs = Number.POSITIVE_INFINITY,
): Promise<SQSBatchResponse> {
  const failedIds: string[] = [];
  const backoffs: VisibilityChange[] = [];
  for (const record of Records) {
    const { messageId: id, receiptHandle: handle } = record;
    const settlement = await sendMessage(record, ports, deadlineMs);
    try {
      if (settlement.outcome === 'requeue') await ports.queue.requeue(JSON.stringify(settlement.unsent), 1);
      if (settlement.outcome === 'dead_letter') await deadLetter(record, settlement, ports);
    } catch (error) {
      const { outcome } = settlement;
      logger.error('parked events not settled', { message_id: id, outcome, error: error as Error });
      failedIds.push(id);
    }
    if (settlement.outcome !== 'retry') continue;
    failedIds.push(id);
    backoffs.push({ id, handle, seconds: retryDelaySeconds(receiveCountOf(record)) });
  }
  await changeVisibilityOfAll(backoffs, ports.queue);
  logger.info('parked events retried', { messages: Records.length, waiting: failedIds.length });
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}

async function sendMessage(record: SQSRecord, ports: RetryPorts, deadlineMs: number): Promise<Settlement> {
  const { clock } = ports;
  const events = parseParkedEvents(record.body);
  if (!events) return { outcome: 'dead_letter', reason: 'not a list of event envelopes', unsent: [] };
  const wasTooLate = clock.now() > deadlineMs;
  const unsent: Envelope[] = [];
  // A bus that refuses slowly must not keep the other messages from getting their backoff.
  for (const batch of splitIntoBatches(events))
    unsent.push(...(clock.now() > deadlineMs ? batch : await sendOnce(batch, ports)));
  if (unsent.length === 0) return { outcome: 'sent' };
  if (unsent.length < events.length) return { outcome: 'requeue', unsent };
  const ageMs = clock.now() - Number(record.attributes.SentTimestamp);
  // A message that was not tried for lack of time is never given up.
  if (wasTooLate || ageMs <= MAX_AGE_MS) return { outcome: 'retry' };
  return { outcome: 'dead_letter', reason: `the bus refused all ${events.length} events for 24 h`, unsent };
}

async function deadLetter(
  record: SQSRecord,
  { reason, unsent }: Extract<Settlement, { outcome: 'dead_letter' }>,
  { queue, clock }: RetryPorts,
): Promise<void> {
  await queue.deadLetter(record.body, failureDetails(record, reason, clock.now()));
  const events = unsent.map((event) => event.id);
  logger.error('parked events dead-lettered', { message_id: record.messageId, reason, events });
}

const ParkedEvents = z.array(EnvelopeSchema);

/** Returns the events of a parked message, or nothing if its body is something else. */
function parseParkedEvents(body: string): readonly Envelope[] | undefined {
  try {
    return ParkedEvents.safeParse(JSON.parse(body)).data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

let ports: RetryPorts | undefined;

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observability())
  .handler(async (event, context) => {
    const deadlineMs = systemClock.now() + context.getRemainingTimeInMillis() * DEADLINE_SHARE;
    ports ??= createPorts();
    return retryParkedEvents(event, ports, deadlineMs);
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
