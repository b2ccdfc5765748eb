import type { SQSRecord } from 'aws-lambda';
import { toIso } from '../runtime/clock.ts';
import { logger } from '../runtime/observability.ts';

/** A queue and its DLQ, as a consumer uses them. */
export interface QueuePort {
  /** Sends a message again as a new one, which becomes visible after its delay. */
  requeue(message: RequeuedMessage): Promise<void>;
  deadLetter(body: string, details: FailureDetails): Promise<void>;
  /** Sets when messages become visible again, and returns the ids of those for which that failed. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<string[]>;
  /** Returns the same queue with calls that fail at the deadline, in ms since the epoch. */
  withDeadline(deadlineMs: number): QueuePort;
}

export interface RequeuedMessage {
  readonly body: string;
  readonly delaySeconds: number;
  readonly history: MessageHistory;
}

/** What SQS would forget about a message that is sent again. The new message carries it in its attributes. */
export interface MessageHistory {
  /** How often its consumer has failed. A receive without a failure, such as a throttled one, is not counted. */
  readonly failures: number;
  readonly receive_count: number;
  readonly first_received_at: string;
  /** When the message was first requeued because of contention, or first parked. */
  readonly waiting_since?: string;
  /** Since when its prerequisite has been missing. Contention removes it: the rows could not be read meanwhile. */
  readonly prerequisite_since?: string;
}

/** A higher count in an attribute was set by hand. Added to a receive count, it might no longer be exact. */
const MAX_COUNT = 1_000_000;

export interface VisibilityChange {
  readonly id: string;
  readonly handle: string;
  readonly seconds: number;
}

export type FailureDetails = Pick<MessageHistory, 'first_received_at' | 'receive_count'> & {
  readonly reason: string;
  readonly last_received_at: string;
};

/**
 * Returns the history of a message, which includes the messages that it was sent as before. Attributes that are not
 * valid are ignored: any sender may set them, and no value may stop the message or repeat it without end.
 */
export function historyOf({ attributes, messageAttributes }: SQSRecord): MessageHistory {
  const countOf = (name: keyof MessageHistory): number => {
    const value = Number(messageAttributes[name]?.stringValue ?? 0);
    return Number.isInteger(value) && value >= 0 && value <= MAX_COUNT ? value : 0;
  };
  // No time is later than the sending of the message. A wait that starts in the future would never end.
  const timeOf = (name: keyof MessageHistory): string | undefined => {
    const ms = Math.min(Date.parse(messageAttributes[name]?.stringValue ?? ''), Number(attributes.SentTimestamp));
    return Number.isNaN(ms) ? undefined : toIso(ms);
  };
  const [waitingSince, prerequisiteSince] = [timeOf('waiting_since'), timeOf('prerequisite_since')];
  return {
    failures: countOf('failures'),
    receive_count: countOf('receive_count') + Number(attributes.ApproximateReceiveCount),
    first_received_at: timeOf('first_received_at') ?? toIso(Number(attributes.ApproximateFirstReceiveTimestamp)),
    ...(waitingSince === undefined ? {} : { waiting_since: waitingSince }),
    ...(prerequisiteSince === undefined ? {} : { prerequisite_since: prerequisiteSince }),
  };
}

/** Returns how long a message has been requeued for one reason. At its first receive, it has not waited yet. */
export const waitMsOf = (record: SQSRecord, reason: 'waiting_since' | 'prerequisite_since', nowMs: number): number => {
  const since = historyOf(record)[reason];
  return since === undefined ? 0 : nowMs - Date.parse(since);
};

export function failureDetails(record: SQSRecord, reason: string, nowMs: number): FailureDetails {
  const { first_received_at, receive_count } = historyOf(record);
  return { reason, first_received_at, last_received_at: toIso(nowMs), receive_count };
}

/** Sets visibilities and logs failures. A message whose change failed returns after the queue's visibility timeout. */
export async function changeVisibilityOfAll(changes: readonly VisibilityChange[], queue: QueuePort): Promise<void> {
  if (changes.length === 0) return;
  try {
    const failed = await queue.changeVisibility(changes);
    if (failed.length > 0) logger.warn('backoff not set', { messages: failed });
  } catch (error) {
    logger.warn('backoff not set', { messages: changes.map(({ id }) => id), error: error as Error });
  }
}
