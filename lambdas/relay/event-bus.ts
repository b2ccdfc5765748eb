import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import { abortAt, clientSettings } from '../shared/runtime/client-settings.ts';
import { type Bus, type RelayPorts, splitIntoBatches } from './relay.ts';

/** An SQS message has 256 KB, and an outbox record at most 200 KB, so a single event always fits. */
export const PARKING_LIMITS = { maxEntries: Number.POSITIVE_INFINITY, maxBytes: 220 * 1024 };

export function createEventBridgeBus(name: string): Bus {
  // One attempt for each call, because the relay retries on its own and observes its deadline.
  const client = new EventBridgeClient({ ...clientSettings, maxAttempts: 1 });
  return async (events, deadlineMs) => {
    const { Entries = [] } = await client.send(
      new PutEventsCommand({
        Entries: events.map((event) => ({
          EventBusName: name,
          Source: event.source,
          DetailType: event.type,
          Time: new Date(event.time),
          Detail: JSON.stringify(event),
        })),
      }),
      abortAt(deadlineMs),
    );
    // An entry without a result was not confirmed, so it counts as not sent.
    return events.map((_, index) => (Entries[index]?.EventId ? undefined : (Entries[index]?.ErrorCode ?? 'no result')));
  };
}

/** Creates the function that parks events on a queue. It imports the SQS client only when an event must be parked. */
export function createParkingQueue(queueUrl: string): RelayPorts['park'] {
  let sqs: SQSClient | undefined;
  return async (events, deadlineMs) => {
    const sdk = await import('../shared/runtime/sqs-client.ts');
    sqs ??= sdk.createSqsClient(clientSettings);
    for (const batch of splitIntoBatches(events, PARKING_LIMITS))
      await sqs.send(
        new sdk.SendMessageCommand({ QueueUrl: queueUrl, MessageBody: JSON.stringify(batch) }),
        abortAt(deadlineMs),
      );
  };
}
