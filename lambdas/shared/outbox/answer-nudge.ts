import type { Envelope } from '../../../events/envelope.ts';
import { count } from '../runtime/observability.ts';
import { commitOnce, type UnitOfWork } from '../store/commit.ts';
import type { Publication } from './outbox-record.ts';

/**
 * Publishes the answer of a decided step again if the event is a nudge, once for each nudge. An ordinary duplicate is
 * only counted.
 */
export async function answerNudge(work: UnitOfWork, event: Envelope, answer: () => Publication): Promise<void> {
  if (event.nudge === undefined) return count('Duplicates');
  const { existing } = await publishOnce(work, answer);
  if (existing) count('Duplicates');
}

/** Publishes events that change no state. Their outbox record shows whether they were published before. */
export const publishOnce = (work: UnitOfWork, publication: () => Publication) =>
  commitOnce(work, async () => ({ writes: [], publish: [publication()], result: undefined }));
