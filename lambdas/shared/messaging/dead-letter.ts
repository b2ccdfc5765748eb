import type { Envelope } from '../../../events/envelope.ts';
import { expiresAt } from '../outbox/outbox-record.ts';
import { commit, type UnitOfWork } from '../store/commit.ts';
import type { FailureDetails } from './queue.ts';

export interface DeadLetter extends FailureDetails {
  readonly consumer: string;
}

/**
 * Writes the row that shows, beside the aggregate, that an event about it was dead-lettered. The row expires after the
 * message has left the DLQ.
 */
export const recordDeadLetter = (
  work: UnitOfWork,
  aggregate: string,
  event: Envelope,
  deadLetter: DeadLetter,
): Promise<void> =>
  commit(work, async () => {
    const key = { pk: aggregate, sk: `DEAD#${event.id}#${deadLetter.consumer}` };
    const row = { ...key, event_id: event.id, ...deadLetter, expires_at: expiresAt(work.clock.now()) };
    return { writes: [{ op: 'put', row }], result: undefined };
  });
