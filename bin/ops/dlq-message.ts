import type { Message } from '@aws-sdk/client-sqs';
import { Envelope } from '../../events/envelope.ts';

/** A message of a DLQ, with what is known of its death. */
export interface DlqMessage {
  readonly id: string;
  readonly handle: string;
  /** As it lies there. */
  readonly raw: string;
  /** As its consumer takes it. */
  readonly body: string;
  readonly reason: string;
  /** The events in it: one, or all that were parked together, or none where it is not ours. */
  readonly events: readonly Envelope[];
  readonly first_received_at: string | null;
  readonly last_received_at: string | null;
  readonly receive_count: number | null;
  readonly sent_at: string;
}

/** Reads what `consume` wrote when it buried the message, or what SQS and EventBridge write when they do. */
export function parseDlqMessage(message: Message): DlqMessage {
  const raw = message.Body ?? '';
  const json = jsonOf(raw);
  const inner = unwrapBusEvent(json);
  const said = (name: string): string | undefined => message.MessageAttributes?.[name]?.StringValue;
  const system: Readonly<Record<string, string>> = message.Attributes ?? {};
  const receives = said('receive_count');
  return {
    id: message.MessageId ?? '',
    handle: message.ReceiptHandle ?? '',
    raw,
    body: inner === json ? raw : JSON.stringify(inner),
    reason: said('reason') ?? deliveryFailureOf(said) ?? defaultReasonOf(system),
    events: (Array.isArray(inner) ? inner : [inner]).flatMap((one) => {
      const parsed = Envelope.safeParse(one);
      return parsed.success ? [parsed.data as Envelope] : [];
    }),
    first_received_at: said('first_received_at') ?? null,
    last_received_at: said('last_received_at') ?? null,
    receive_count: receives === undefined ? null : Number(receives),
    sent_at: isoOf(system['SentTimestamp']),
  };
}

function jsonOf(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch (error) {
    if (error instanceof SyntaxError) return undefined;
    throw error;
  }
}

/** A rule that could not reach its queue buries the bus' own form of the event; our envelope is its detail. */
function unwrapBusEvent(json: unknown): unknown {
  const isOfBus = typeof json === 'object' && json !== null && 'detail-type' in json && 'detail' in json;
  return isOfBus ? json.detail : json;
}

function deliveryFailureOf(said: (name: string) => string | undefined): string | undefined {
  const code = said('ERROR_CODE');
  return code && `the bus could not deliver it: ${code} ${said('ERROR_MESSAGE') ?? ''}`.trim();
}

/** Nobody wrote why, so nobody was left to: SQS moved it after its last receive. */
const defaultReasonOf = (system: Readonly<Record<string, string>>): string =>
  system['DeadLetterQueueSourceArn']
    ? 'moved by SQS: its consumer crashed or ran out of time, receive after receive'
    : 'no reason given';

const isoOf = (ms: string | undefined): string => new Date(Number(ms ?? 0)).toISOString();
