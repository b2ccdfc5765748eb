import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Envelope, Envelope as EnvelopeSchema } from '../../events/envelope.ts';
import { changeVisibilityOfAll, type QueuePort, type VisibilityChange } from '../shared/messaging/queue.ts';
import { createSqsQueue } from '../shared/messaging/sqs-queue.ts';
import { readChaos } from '../shared/runtime/chaos.ts';
import { type Clock, systemClock, toIso } from '../shared/runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../shared/runtime/env.ts';
import { logger, observability } from '../shared/runtime/observability.ts';
import { OutboxRetryEnv } from './env.ts';
import { createEventBridgeBus } from './event-bus.ts';
import { DEADLINE_SHARE, type RelayPorts, sendOnce, splitIntoBatches } from './relay.ts';

/** A brown-out of the bus may last a day; what waited longer is an operator's. */
const MAX_AGE_MS = 24 * 3600 * 1000;
const MAX_DELAY_S = 900;

export const retryDelaySeconds = (receives: number): number => Math.min(2 ** (receives - 1), MAX_DELAY_S);

export interface RetryPorts {
  readonly relay: Omit<RelayPorts, 'park'>;
  readonly queue: QueuePort;
  readonly clock: Clock;
}

/**
 * Sends parked events again until the bus takes them. What it has taken is not sent again with the others of its
 * message: they go on by themselves, since one of many may fail at every try.
 */
export async function retryParkedEvents(
  { Records }: SQSEvent,
  { relay, queue, clock }: RetryPorts,
  deadlineMs = Number.POSITIVE_INFINITY,
): Promise<SQSBatchResponse> {
  const stays: string[] = [];
  const delays: VisibilityChange[] = [];
  for (const record of Records) {
    const { messageId: id, receiptHandle: handle, attributes } = record;
    const events = parseParkedEvents(record.body);
    const unsent: Envelope[] = [];
    const isUntried = clock.now() > deadlineMs;
    // a bus that says no slowly must not keep the messages from being delayed
    for (const batch of splitIntoBatches(events ?? []))
      unsent.push(...(clock.now() > deadlineMs ? batch : await sendOnce(batch, relay)));
    if (events && unsent.length === 0) continue;
    if (events && unsent.length < events.length) {
      try {
        await queue.requeue(JSON.stringify(unsent), 1);
      } catch (error) {
        logger.error('parked events could not be put back', { message_id: id, error: error as Error });
        stays.push(id);
      }
      continue;
    }
    const receives = Number(attributes.ApproximateReceiveCount);
    const waitedFor = clock.now() - Number(attributes.SentTimestamp);
    if (events && (isUntried || waitedFor <= MAX_AGE_MS)) {
      stays.push(id);
      delays.push({ id, handle, seconds: retryDelaySeconds(receives) });
      continue;
    }
    const reason = events ? `the bus took none of ${events.length} events for 24 h` : 'not a list of our events';
    try {
      await queue.deadLetter(record.body, {
        reason,
        first_received_at: toIso(Number(attributes.ApproximateFirstReceiveTimestamp)),
        last_received_at: toIso(clock.now()),
        receive_count: receives,
      });
      logger.error('parked events given up', { message_id: id, reason, events: unsent.map((event) => event.id) });
    } catch (error) {
      logger.error('parked events could not be given up', { message_id: id, error: error as Error });
      stays.push(id);
    }
  }
  await changeVisibilityOfAll(delays, queue);
  logger.info('parked events retried', { messages: Records.length, waiting: stays.length });
  return { batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) };
}

const ParkedEvents = z.array(EnvelopeSchema);

/** The events that were parked in one message, or nothing where it holds something else. */
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
    if (!ports) {
      const { BUS_NAME } = readEnv(OutboxRetryEnv);
      const { QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
      ports = {
        relay: { bus: createEventBridgeBus(BUS_NAME), clock: systemClock, chaos: readChaos },
        queue: createSqsQueue(QUEUE_URL, DLQ_URL),
        clock: systemClock,
      };
    }
    return retryParkedEvents(event, ports, deadlineMs);
  });
