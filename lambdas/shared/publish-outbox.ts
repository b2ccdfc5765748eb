import { unmarshall } from '@aws-sdk/util-dynamodb';
import middy from '@middy/core';
import type { DynamoDBStreamEvent } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import { readChaos } from './chaos.ts';
import { systemClock } from './clock.ts';
import { RelayEnv, readEnv } from './env.ts';
import { count, logger, observed } from './observability.ts';
import { eventsIn } from './outbox.ts';
import { PATIENCE, type Relay, relay } from './relay.ts';
import { eventBridgeBus, parkingQueue } from './relay-ports.ts';
import type { Item } from './store.ts';

let ports: Relay | undefined;

/** Every context's outbox, sent to the bus as the table's stream tells of it. */
export const handler = middy<DynamoDBStreamEvent, void>()
  .use(observed())
  .handler(async ({ Records }, context) => {
    const deadline = systemClock.now() + context.getRemainingTimeInMillis() * PATIENCE;
    if (!ports) {
      const { BUS_NAME, RETRY_QUEUE_URL } = readEnv(RelayEnv);
      ports = {
        bus: eventBridgeBus(BUS_NAME),
        park: parkingQueue(RETRY_QUEUE_URL),
        clock: systemClock,
        chaos: readChaos,
      };
    }
    await relay(
      Records.flatMap(({ dynamodb }) => readable(dynamodb?.NewImage)),
      ports,
      deadline,
    );
  });

/** A record that nobody can read, since somebody wrote it by hand, must not stop all that come behind it. */
function readable(image: unknown): Envelope[] {
  try {
    return eventsIn(unmarshall(image as Parameters<typeof unmarshall>[0]) as Item);
  } catch (error) {
    logger.error('outbox record not readable', { record: image, error: error as Error });
    count('OutboxUnreadable');
    return [];
  }
}
