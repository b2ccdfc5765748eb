import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { answerNudge, publishOnce } from '../shared/outbox/answer-nudge.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import type { UnitOfWork } from '../shared/store/commit.ts';
import { escapeForSqs, findTextError, hashOfText } from './parse-document.ts';

/** An order document whose fields have been validated. `text` is as it was sent. */
export interface Submission {
  readonly order_uid: string;
  readonly text: string;
  readonly correlationId: string;
}

/**
 * Publishes `OrderDocumentSubmitted`. This is the port of this context to the orders API, and it writes nothing else.
 * The same text has the same event id. If it is submitted again, the first event may have been lost, so it is
 * published as a nudge, at most once per minute.
 */
export async function submit(work: UnitOfWork, { order_uid, text, correlationId }: Submission): Promise<void> {
  const document = escapeForSqs(text);
  const textError = findTextError(document);
  if (textError !== undefined) throw new Rejected('document_too_large', `The document is ${textError}.`, 413);
  const time = toIso(work.clock.now());
  const cause = { time, correlation_id: order_uid, causation_id: correlationId };
  const event = OrderDocumentSubmitted.make({ order_uid, document, hash: hashOfText(document) }, cause);
  const aggregate = `SUBMISSION#${order_uid}`;
  const { existing } = await publishOnce(work, () => ({ aggregate, events: [event] }));
  if (!existing) return;
  const nudge = { ...event, nudge: time.slice(0, 'YYYY-MM-DDThh:mm'.length) };
  await answerNudge(work, nudge, () => ({ aggregate, events: [nudge] }));
}
