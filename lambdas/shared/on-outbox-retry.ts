import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import { readChaos } from './chaos.ts';
import { type Clock, iso, systemClock } from './clock.ts';
import { OutboxRetryEnv, readEnv } from './env.ts';
import { logger, observed } from './observability.ts';
import type { Delay, QueuePort } from './queue.ts';
import { batches, type Relay, sendOnce } from './relay.ts';
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

/** Sends parked events again until the bus takes them. What it took stays sent: consumers know a repeat by its id. */
export async function retryParked(
  { Records }: SQSEvent,
  { relay, queue, clock }: OutboxRetry,
): Promise<SQSBatchResponse> {
  const delays: Delay[] = [];
  for (const { messageId: id, receiptHandle: handle, body, attributes } of Records) {
    const events = JSON.parse(body) as Envelope[];
    const unsent: Envelope[] = [];
    for (const batch of batches(events)) unsent.push(...(await sendOnce(batch, relay)));
    if (unsent.length === 0) continue;
    const receives = Number(attributes.ApproximateReceiveCount);
    if (clock.now() - Number(attributes.SentTimestamp) > GIVES_UP_AFTER_MS) {
      await queue.bury(body, {
        reason: `the bus did not take ${unsent.length} of ${events.length} events for 24 h`,
        first_received_at: iso(Number(attributes.ApproximateFirstReceiveTimestamp)),
        last_received_at: iso(clock.now()),
        receive_count: receives,
      });
      logger.error('parked events given up', { events: unsent.map((event) => event.id) });
    } else delays.push({ id, handle, seconds: retrySeconds(receives) });
  }
  if (delays.length > 0) {
    const failed = await queue.delay(delays);
    if (failed.length > 0) logger.warn('backoff not set', { messages: failed });
  }
  logger.info('parked events retried', { messages: Records.length, waiting: delays.length });
  return { batchItemFailures: delays.map(({ id }) => ({ itemIdentifier: id })) };
}

let ports: OutboxRetry | undefined;

export const handler = middy<SQSEvent, SQSBatchResponse>()
  .use(observed())
  .handler(async (event) => {
    if (!ports) {
      const { BUS_NAME, RETRY_QUEUE_URL, RETRY_DLQ_URL } = readEnv(OutboxRetryEnv);
      ports = {
        relay: { bus: eventBridgeBus(BUS_NAME), clock: systemClock, chaos: readChaos },
        queue: sqsQueue(RETRY_QUEUE_URL, RETRY_DLQ_URL),
        clock: systemClock,
      };
    }
    return retryParked(event, ports);
  });
