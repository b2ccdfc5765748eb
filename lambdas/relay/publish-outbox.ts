import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import { parseOutboxRecord } from '../shared/outbox/outbox-record.ts';
import { readChaos } from '../shared/runtime/chaos.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { count, logger, observability } from '../shared/runtime/observability.ts';
import type { Row } from '../shared/store/store.ts';
import { PublishOutboxEnv } from './env.ts';
import { createEventBridgeBus, createParkingQueue, PARKING_LIMITS } from './event-bus.ts';
import { type RelayPorts, relay, relayDeadlines } from './relay.ts';

let ports: RelayPorts | undefined;

/** Publishes the outbox records of every context as the table streams deliver them. */
export const handler = middy<DynamoDBStreamEvent, void>()
  .use(observability())
  .handler(async (event, context) => {
    ports ??= createPorts();
    await publishOutbox(event, ports, context.getRemainingTimeInMillis());
  });

/** Sends the events of a batch of stream records, in the time that the function has left. */
export async function publishOutbox(
  { Records }: DynamoDBStreamEvent,
  ports: RelayPorts,
  remainingMs: number,
): Promise<void> {
  const deadlines = relayDeadlines(ports.clock.now(), remainingMs);
  const events = Records.flatMap(({ dynamodb }) => parseRecord(dynamodb?.NewImage));
  await relay(events, ports, deadlines);
}

function createPorts(): RelayPorts {
  const { BUS_NAME, RETRY_QUEUE_URL } = readEnv(PublishOutboxEnv);
  return {
    bus: createEventBridgeBus(BUS_NAME),
    park: createParkingQueue(RETRY_QUEUE_URL),
    clock: systemClock,
    chaos: readChaos,
  };
}

/**
 * Returns the events of a stream record. A record that was written by hand, and that can be neither read nor parked,
 * must not block the shard. Its row remains in the table.
 */
function parseRecord(image: unknown): Envelope[] {
  try {
    const events = parseOutboxRecord(unmarshall(image as Parameters<typeof unmarshall>[0]) as Row);
    for (const event of events) checkSize(event);
    return events;
  } catch (error) {
    logger.error('outbox record not readable', { record: keyTextOf(image), error: error as Error });
    count('OutboxUnreadable');
    return [];
  }
}

/** Throws if an event is too large for the bus and for the parking queue, or nested too deeply to be serialized. */
function checkSize(event: Envelope): void {
  const bytes = Buffer.byteLength(JSON.stringify(event));
  if (bytes > PARKING_LIMITS.maxBytes)
    throw new Error(`an event has ${bytes} bytes, and the limit is ${PARKING_LIMITS.maxBytes}`);
}

/** Returns the key of a stream record for logs. Its other attributes may contain personal data. */
function keyTextOf(image: unknown): string {
  const { pk, sk } = (image ?? {}) as Partial<Record<'pk' | 'sk', { readonly S?: string }>>;
  return `${pk?.S} ${sk?.S}`;
}
