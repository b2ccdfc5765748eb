import type { Cause, Envelope } from '../../../events/envelope.ts';
import { toIso } from '../runtime/clock.ts';

/** Proof that a consumer has taken an event in, folded into the row that the event changed or decided. */
export interface Receipt {
  readonly consumer: string;
  readonly received_at: string;
  readonly processed_at: string;
  readonly receive_count: number;
  /** Absent where the event did not come by the relay. */
  readonly published_at?: string;
}

/** Receipts of a row, by the id of the event. */
export type Receipts = Readonly<Record<string, Receipt>>;

/** What a handler's services are made for: until when they may try. */
export interface Deadline {
  readonly deadlineMs: number;
}

/** What woke a consumer, as its domain needs it. */
export interface MessageContext extends Deadline {
  /** The receipt of one of this call's events, to fold into the row that it changes. */
  createReceipt(event: Envelope): Receipts;
  /** The id of the message that brought it. */
  messageIdOf(event: Envelope): string;
}

/** The cause of what an event leads to: the same thread, one step on. A nudge is handed on, so the answer is new too. */
export const causeOf = (event: Envelope, now: number): Cause => ({
  time: toIso(now),
  correlation_id: event.correlation_id,
  causation_id: event.id,
  ...(event.nudge === undefined ? {} : { nudge: event.nudge }),
});
