import type { Cause, Envelope } from '../../events/envelope.ts';
import { iso } from './clock.ts';

/** Proof that a consumer has taken an event in, folded into the row that the event changed. */
export interface Receipt {
  readonly event_id: string;
  readonly consumer: string;
  readonly published_at: string;
  readonly received_at: string;
  readonly processed_at: string;
  readonly receive_count: number;
}

/** What woke a consumer, as its domain needs it: who caused this, until when to try, and the receipts to fold in. */
export interface Call {
  readonly deadline: number;
  readonly now: () => number;
  readonly receiptOf: (event: Envelope) => Receipt;
}

/** The cause of what an event leads to: the same thread, one step on. A nudge is handed on, so the answer is new too. */
export const causeOf = (event: Envelope, now: number): Cause => ({
  time: iso(now),
  correlation_id: event.correlation_id,
  causation_id: event.id,
  ...(event.nudge === undefined ? {} : { nudge: event.nudge }),
});
