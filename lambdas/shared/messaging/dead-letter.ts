import type { Envelope } from '../../../events/envelope.ts';
import { expiresAt } from '../outbox/outbox-record.ts';
import type { Write } from '../store/store.ts';
import type { FailureDetails } from './queue.ts';

/** Who could not take an event in, and why. */
export interface DeadLetter extends FailureDetails {
  readonly consumer: string;
}

/** The one row that is written for a message that was dead-lettered; it goes when the DLQ has forgotten it as well. */
export const createDeadLetterRow = (about: string, event: Envelope, death: DeadLetter, now: number): Write => ({
  op: 'put',
  item: {
    pk: about,
    sk: `DEAD#${event.id}#${death.consumer}`,
    event_id: event.id,
    ...death,
    expires_at: expiresAt(now),
  },
});
