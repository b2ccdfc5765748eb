import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import * as z from 'zod/mini';
import { type Envelope, Envelope as EnvelopeSchema } from '../../events/envelope.ts';
import { readChaos } from './chaos.ts';
import { type Clock, iso, systemClock } from './clock.ts';
import { ConsumerEnv, OutboxRetryEnv, readEnv } from './env.ts';
import { logger, observed } from './observability.ts';
import { type Delay, delayAll, type QueuePort } from './queue.ts';
import { batches, PATIENCE, type Relay, sendOnce } from './relay.ts';
import { eventBridgeBus } from './relay-ports.ts';
import { sqsQueue } from './sqs-queue.ts';

/** A brown-out of the bus may last a day; what waited longer is an operator's. */
const GIVES_UP_AFTER_MS = 24 * 3600 * 1000;
const LONGEST_WAIT_S = 900;

export const retrySeconds = (receives: number): number => Math.min(2 ** (receives - 1), LONGEST_WAIT_S);

export interface OutboxRetry {
  readonly relay: Omit<Relay, 'park'>;
  readonly queue: QueuePort;
  readonly clock: Clock;
}

/**
 * Sends parked events again until the bus takes them. What it has taken is not sent again with the others of its
 * message: they go on by themselves, since one of many may fail at every try.
 */
export async function retryParked(
  { Records }: SQSEvent,
  { relay, queue, clock }: OutboxRetry,
  deadline = Number.POSITIVE_INFINITY,
): Promise<SQSBatchResponse> {
  const stays: string[] = [];
  const delays: Delay[] = [];
  for (const record of Records) {
    const { messageId: id, receiptHandle: handle, attributes } = record;
    const events = parcelIn(record.body);
    const unsent: Envelope[] = [];
    const isUntried = clock.now() > deadline;
    // a bus that says no slowly must not keep the messages from being delayed
    for (const batch of batches(events ?? []))
      unsent.push(...(clock.now() > deadline ? batch : await sendOnce(batch, relay)));
    if (events && unsent.length === 0) continue;
    if (events && unsent.length < events.length) {
      try {
        await queue.putBack(JSON.stringify(unsent), 1);
      } catch (error) {
        logger.error('parked events could not be put back', { message_id: id, error: error as Error });
        stays.push(id);
      }
      continue;
    }
    const receives = Number(attributes.ApproximateReceiveCount);
    const waitedFor = clock.now() - Number(attributes.SentTimestamp);
    if (events && (isUntried || waitedFor <= GIVES_UP_AFTER_MS)) {
      stays.push(id);
      delays.push({ id, handle, seconds: retrySeconds(receives) });
      continue;
    }
    const reason = events ? `the bus took none of ${events.length} events for 24 h` : 'not a list of our events';
    try {
      await queue.bury(record.body, {
        reason,
        first_received_at: iso(Number(attributes.ApproximateFirstReceiveTimestamp)),
        last_received_at: iso(clock.now()),
        receive_count: receives,
      });
      logger.error('parked events given up', { message_id: id, reason, events: unsent.map((event) => event.id) });
    } catch (error) {
      logger.error('parked events could not be given up', { message_id: id, error: error as Error });
      stays.push(id);
    }
  }
  await delayAll(delays, queue);
  logger.info('parked events retried', { messages: Records.length, waiting: stays.length });
  return { batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) };
}

const Parcel = z.array(EnvelopeSchema);

/** The events that were parked in one message, or nothing where it holds something else. */
function parcelIn(body: string): readonly Envelope[] | undefined {
  try {
    return Parcel.safeParse(JSON.parse(body)).data;
  } catch (error) {
    if (!(error instanceof SyntaxError)) throw error;
    return undefined;
  }
}

let ports: OutboxRetry | undefined;

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed())
  .handler(async (event, context) => {
    const deadline = systemClock.now() + context.getRemainingTimeInMillis() * PATIENCE;
    if (!ports) {
      const { BUS_NAME } = readEnv(OutboxRetryEnv);
      const { QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
      ports = {
        relay: { bus: eventBridgeBus(BUS_NAME), clock: systemClock, chaos: readChaos },
        queue: sqsQueue(QUEUE_URL, DLQ_URL),
        clock: systemClock,
      };
    }
    return retryParked(event, ports, deadline);
  });
