import type { Envelope } from '../../events/envelope.ts';
import { commit, type Unit } from './commit.ts';
import { AlreadyDone } from './errors.ts';
import { count } from './observability.ts';
import type { Outgoing } from './outbox.ts';

/**
 * What a step that has decided says to the event that comes again: an ordinary repeat is a quiet success, a nudge gets
 * the same answer once more. Each nudge is answered once.
 */
export async function answerAgain(unit: Unit, event: Envelope, answer: () => Outgoing): Promise<void> {
  if (event.nudge === undefined) return count('Duplicates');
  try {
    await commit(unit, async () => ({ writes: [], publish: [answer()], result: undefined }));
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    count('Duplicates');
  }
}
