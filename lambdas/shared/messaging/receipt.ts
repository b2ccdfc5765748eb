import type { Cause, Envelope } from '../../../events/envelope.ts';
import { type Deadline, toIso } from '../runtime/clock.ts';

/** The record that a consumer has processed an event. It is kept in the row that the event changed or decided. */
export interface Receipt {
  readonly consumer: string;
  readonly received_at: string;
  readonly processed_at: string;
  readonly receive_count: number;
  /** Absent if the event did not pass the relay. */
  readonly published_at?: string;
}

export type Receipts = Readonly<Record<string, Receipt>>;

/** What a consumer's domain needs to know about the messages of one call. */
export interface MessageContext extends Deadline {
  createReceipt(event: Envelope): Receipts;
  messageIdOf(event: Envelope): string;
  /** Returns how often the message was received, including those that it was sent as before. */
  receiveCountOf(event: Envelope): number;
}

/** Returns the cause of the events that this event leads to. It passes a nudge on, so that the answer is sent anew. */
export const causeOf = (event: Envelope, nowMs: number): Cause => ({
  time: toIso(nowMs),
  correlation_id: event.correlation_id,
  causation_id: event.id,
  ...(event.nudge === undefined ? {} : { nudge: event.nudge }),
});
