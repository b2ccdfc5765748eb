import { logger } from '../runtime/observability.ts';

/** A queue and its DLQ, as a consumer handles them. */
export interface QueuePort {
  /** The same body as a message of its own, which comes after these seconds and is received for the first time then. */
  requeue(body: string, afterSeconds: number): Promise<void>;
  /** For good, with what an operator wants to know. */
  deadLetter(body: string, epitaph: FailureDetails): Promise<void>;
  /** When each of these may be received again; answers those for which it could not be set. */
  changeVisibility(delays: readonly VisibilityChange[]): Promise<string[]>;
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

/** Without its delay a message comes again after the queue's own visibility timeout: later, but not lost. */
export async function changeVisibilityOfAll(delays: readonly VisibilityChange[], queue: QueuePort): Promise<void> {
  if (delays.length === 0) return;
  try {
    const failed = await queue.changeVisibility(delays);
    if (failed.length > 0) logger.warn('backoff not set', { messages: failed });
  } catch (error) {
    logger.warn('backoff not set', { messages: delays.map(({ id }) => id), error: error as Error });
  }
}
