import type { Message } from '@aws-sdk/client-sqs';
import { Envelope } from '../../events/envelope.ts';
import { parseJson } from '../../tools/json.ts';

export type DlqMessage = ReturnType<typeof parseDlqMessage>;

/** Reads the attributes that a consumer, EventBridge or SQS has set when it dead-lettered the message. */
export function parseDlqMessage(message: Message) {
  const raw = message.Body ?? '';
  const json = parseJson(raw);
  const content = unwrapBusEvent(json);
  const attribute = (name: string): string | undefined => message.MessageAttributes?.[name]?.StringValue;
  const systemAttributes: Readonly<Record<string, string>> = message.Attributes ?? {};
  const receiveCount = attribute('receive_count');
  return {
    id: message.MessageId ?? '',
    handle: message.ReceiptHandle ?? '',
    /** The body as it is in the DLQ. */
    raw,
    /** The body as the consumer expects it. */
    body: content === json ? raw : JSON.stringify(content),
    reason: attribute('reason') ?? describeDeliveryFailure(attribute) ?? describeMove(systemAttributes),
    /** The events in the body: one, several that were parked together, or none if the body is not an envelope. */
    events: (Array.isArray(content) ? content : [content]).flatMap((candidate) => {
      const parsed = Envelope.safeParse(candidate);
      return parsed.success ? [parsed.data as Envelope] : [];
    }),
    first_received_at: attribute('first_received_at') ?? null,
    last_received_at: attribute('last_received_at') ?? null,
    receive_count: receiveCount === undefined ? null : Number(receiveCount),
    sent_at: new Date(Number(systemAttributes['SentTimestamp'] ?? 0)).toISOString(),
  };
}

/** Returns the detail of an EventBridge event. A rule that cannot deliver sends the whole event to the DLQ. */
function unwrapBusEvent(json: unknown): unknown {
  const isBusEvent = typeof json === 'object' && json !== null && 'detail-type' in json && 'detail' in json;
  return isBusEvent ? json.detail : json;
}

function describeDeliveryFailure(attribute: (name: string) => string | undefined): string | undefined {
  const code = attribute('ERROR_CODE');
  return code && `EventBridge could not deliver it: ${code} ${attribute('ERROR_MESSAGE') ?? ''}`.trim();
}

/** A consumer that crashes or times out writes no reason. SQS moves its message after the last receive. */
const describeMove = (systemAttributes: Readonly<Record<string, string>>): string =>
  systemAttributes['DeadLetterQueueSourceArn']
    ? 'moved by SQS: the consumer crashed or timed out at every receive'
    : 'no reason given';
