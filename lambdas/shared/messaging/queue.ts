import type { SQSRecord } from 'aws-lambda';
import { toIso } from '../runtime/clock.ts';
import { logger } from '../runtime/observability.ts';

/** A queue and its DLQ, as a consumer uses them. */
export interface QueuePort {
  /** Sends the body as a new message that becomes visible after the delay and is received for the first time then. */
  requeue(body: string, delaySeconds: number): Promise<void>;
  deadLetter(body: string, details: FailureDetails): Promise<void>;
  /** Sets when messages become visible again, and returns the ids of those for which that failed. */
  changeVisibility(changes: readonly VisibilityChange[]): Promise<string[]>;
}

export interface VisibilityChange {
  readonly id: string;
  readonly handle: string;
  readonly seconds: number;
}

export interface FailureDetails {
  readonly reason: string;
  readonly first_received_at: string;
  readonly last_received_at: string;
  readonly receive_count: number;
}

export const receiveCountOf = ({ attributes }: SQSRecord): number => Number(attributes.ApproximateReceiveCount);

export const failureDetails = (record: SQSRecord, reason: string, nowMs: number): FailureDetails => ({
  reason,
  first_received_at: toIso(Number(record.attributes.ApproximateFirstReceiveTimestamp)),
  last_received_at: toIso(nowMs),
  receive_count: receiveCountOf(record),
});

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
