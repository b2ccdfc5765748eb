import { EventBridgeClient, PutEventsCommand } from '@aws-sdk/client-eventbridge';
import type { SQSClient } from '@aws-sdk/client-sqs';
import type { Envelope } from '../../events/envelope.ts';
import { clientTimeouts } from '../shared/runtime/client-timeouts.ts';
import type { Bus } from './relay.ts';

/** A parked message stays below SQS's 256 KB; one outbox record has 200 KB at most, so one event always fits. */
const MAX_PARKED_BYTES = 220 * 1024;

export function createEventBridgeBus(name: string): Bus {
  // one try at a time: the relay tries again by itself, and counts the time
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
    // an entry without its result has not been confirmed, so it counts as not sent
    return events.map((_, at) => (Entries[at]?.EventId ? undefined : (Entries[at]?.ErrorCode ?? 'no result')));
  };
}

/** The SQS client is loaded only where something must be parked. */
export function createParkingQueue(queueUrl: string): (events: readonly Envelope[]) => Promise<void> {
  let sqs: SQSClient | undefined;
  return async (events) => {
    const sdk = await import('@aws-sdk/client-sqs');
    sqs ??= new sdk.SQSClient({ requestHandler: clientTimeouts });
    for (const MessageBody of splitBySize(events))
      await sqs.send(new sdk.SendMessageCommand({ QueueUrl: queueUrl, MessageBody }));
  };
}

/** JSON arrays of events, each as full as a message may be. */
function splitBySize(events: readonly Envelope[]): string[] {
  const all: string[][] = [];
  let bytes = 0;
  for (const event of events) {
    const text = JSON.stringify(event);
    const last = all.at(-1);
    if (last && bytes + Buffer.byteLength(text) <= MAX_PARKED_BYTES) last.push(text);
    else {
      all.push([text]);
      bytes = 0;
    }
    bytes += Buffer.byteLength(text);
  }
  return all.map((texts) => `[${texts.join(',')}]`);
}
