import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { answerNudge, publishOnce } from '../shared/outbox/answer-nudge.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import { escapeForSqs, hashOfText, textErrorOf } from './parse-document.ts';

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
export async function submit(unit: UnitOfWork, { order_uid, text, correlationId }: Submission): Promise<void> {
  const document = escapeForSqs(text);
  const unfit = textErrorOf(document);
  if (unfit) throw new Rejected('document_too_large', `the document is ${unfit}`, 413);
  const time = toIso(unit.clock.now());
  const cause = { time, correlation_id: order_uid, causation_id: correlationId };
  const event = OrderDocumentSubmitted.make({ order_uid, document, hash: hashOfText(document) }, cause);
  const aggregate = `SUBMISSION#${order_uid}`;
  const { existing } = await publishOnce(unit, () => ({ aggregate, events: [event] }));
  if (!existing) return;
  const nudged = { ...event, nudge: time.slice(0, 'YYYY-MM-DDThh:mm'.length) };
  await answerNudge(unit, nudged, () => ({ aggregate, events: [nudged] }));
}
