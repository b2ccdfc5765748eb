import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, Rejected } from '../shared/errors.ts';
import { faultOfText, hashOfText, sayable } from './sealing.ts';

/** A document that was checked, as it was sent. */
export interface Submission {
  readonly order_uid: string;
  readonly text: string;
  readonly correlationId: string;
}

/**
 * The port by which a document comes in: it states that it was submitted, and does no more. The same text again is the
 * same event, which has perhaps been lost: so it is stated as a nudge, once for each minute, however often it comes.
 */
export async function submit(unit: Unit, { order_uid, text, correlationId }: Submission): Promise<void> {
  const document = sayable(text);
  const unfit = faultOfText(document);
  if (unfit) throw new Rejected('document_too_large', `the document is ${unfit}`, 413);
  const time = iso(unit.clock.now());
  const cause = { time, correlation_id: order_uid, causation_id: correlationId };
  const event = OrderDocumentSubmitted.make({ order_uid, document, hash: hashOfText(document) }, cause);
  const about = `SUBMISSION#${order_uid}`;
  try {
    await commit(unit, async () => ({ writes: [], publish: [{ about, events: [event] }], result: undefined }));
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    const nudged = { ...event, nudge: time.slice(0, 'YYYY-MM-DDThh:mm'.length) };
    await answerAgain(unit, nudged, () => ({ about, events: [nudged] }));
  }
}
