import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Envelope } from '../../events/envelope.ts';
import { clientTimeouts } from '../shared/runtime/client-timeouts.ts';
import type { Bus } from './relay.ts';

/** An SQS message has 256 KB, and an outbox record at most 200 KB, so a single event always fits. */
const MAX_PARKED_BYTES = 220 * 1024;

export function createEventBridgeBus(name: string): Bus {
  // One attempt for each call, because the relay retries on its own and observes its deadline.
  const client = new EventBridgeClient({ requestHandler: clientTimeouts, maxAttempts: 1 });
  return async (events) => {
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
    );
    // An entry without a result was not confirmed, so it counts as not sent.
    return events.map((_, index) => (Entries[index]?.EventId ? undefined : (Entries[index]?.ErrorCode ?? 'no result')));
  };
}

/** Creates the function that parks events on a queue. It imports the SQS client only when an event must be parked. */
export function createParkingQueue(queueUrl: string): (events: readonly Envelope[]) => Promise<void> {
  let sqs: SQSClient | undefined;
  return async (events) => {
    const sdk = await import('@aws-sdk/client-sqs');
    sqs ??= new sdk.SQSClient({ requestHandler: clientTimeouts });
    for (const MessageBody of splitBySize(events))
      await sqs.send(new sdk.SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  };
}

/** Returns JSON arrays of events, each as large as a message may be. */
function splitBySize(events: readonly Envelope[]): string[] {
  const messages: string[][] = [];
  let bytes = 0;
  for (const event of events) {
    const text = JSON.stringify(event);
    const last = messages.at(-1);
    if (last && bytes + Buffer.byteLength(text) <= MAX_PARKED_BYTES) last.push(text);
    else {
      messages.push([text]);
      bytes = 0;
    }
    bytes += Buffer.byteLength(text);
  }
  return messages.map((texts) => `[${texts.join(',')}]`);
}
