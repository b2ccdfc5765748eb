import type { Envelope } from '../../../events/envelope.ts';
import { AlreadyDone } from '../runtime/errors.ts';
import { count } from '../runtime/observability.ts';
import { commit, type UnitOfWork } from '../store/commit.ts';
import type { Publication } from './outbox-record.ts';

/**
 * What a step that has decided says to the event that comes again: an ordinary repeat is a quiet success, a nudge gets
 * the same answer once more. Each nudge is answered once.
 */
export async function answerNudge(work: UnitOfWork, event: Envelope, answer: () => Publication): Promise<void> {
  if (event.nudge === undefined) return count('Duplicates');
  try {
    await commit(work, async () => ({ writes: [], publish: [answer()], result: undefined }));
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    count('Duplicates');
  }
}
