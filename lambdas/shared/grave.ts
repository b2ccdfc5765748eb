import type { Envelope } from '../../events/envelope.ts';
import { expiryOf } from './outbox.ts';
import type { Epitaph } from './queue.ts';
import type { Write } from './store.ts';

/** Who could not take an event in, and why. */
export interface Death extends Epitaph {
  readonly consumer: string;
}

/** The one row that is written for a message that was dead-lettered; it goes when the DLQ has forgotten it as well. */
export const graveOf = (about: string, event: Envelope, death: Death, now: number): Write => ({
  op: 'put',
  item: {
    pk: about,
    sk: `DEAD#${event.id}#${death.consumer}`,
    event_id: event.id,
    ...death,
    expires_at: expiryOf(now),
  },
});
