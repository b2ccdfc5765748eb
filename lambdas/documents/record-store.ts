import * as z from 'zod/mini';
import type { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../events/documents/order-found.ts';
import type { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../events/documents/order-not-found.ts';
import type { Cause, Envelope, EventOf } from '../../events/envelope.ts';
import { type FieldError, InvalidInput } from '../shared/http/problem.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { PoisonMessage } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, versionIs } from '../shared/store/store.ts';
import { isNewer, LOOKUP_TTL_SECONDS, type ParsedDocument } from './document.ts';
import { hashOfText, parseDocument } from './parse-document.ts';

type SubmittedEvent = EventOf<typeof OrderDocumentSubmitted>;
type LookupEvent = EventOf<typeof OrderLookupRequested>;

const RecordRow = z.object({
  order_uid: z.string(),
  document: z.string(),
  instant: z.string(),
  hash: z.string(),
  version: z.number(),
});

const recordKey = (uid: string): Key => ({ pk: `DOCUMENT#${uid}`, sk: 'STATE' });

/**
 * Creates the store of the store side: the documents themselves, which have no TTL. Only this file knows their keys.
 */
export function recordStore(work: UnitOfWork) {
  return {
    /** Stores the document, if it is newer than the stored one. Publishes the newer of the two in both cases. */
    ingest: (event: SubmittedEvent, context: MessageContext) => ingest(work, event, context),
    /** Publishes the document of the requested UID, or that there is none. */
    answerLookup: (event: LookupEvent) => answerLookup(work, event),
  };
}

async function ingest(work: UnitOfWork, event: SubmittedEvent, context: MessageContext): Promise<void> {
  const submitted = parseSubmitted(event);
  const { order_uid, hash } = submitted;
  const createCause = () => causeOf(event, work.clock.now());
  const duplicate = await commit(work, async (read): Promise<Change<ParsedDocument | undefined>> => {
    const storedRow = await read.get(recordKey(order_uid));
    const stored = storedRow && RecordRow.parse(storedRow);
    if (stored?.hash === hash) return { writes: [], result: stored };
    if (stored && !isNewer(submitted, stored)) {
      count('StaleUpdates');
      return { writes: [], publish: [foundPublication(stored, hash, createCause())], result: undefined };
    }
    const cause = createCause();
    const row = { ...recordKey(order_uid), ...submitted, version: (stored?.version ?? 0) + 1, at: cause.time };
    return {
      writes: [{ op: 'put', row, when: stored ? versionIs(stored.version) : absent }],
      publish: [foundPublication(submitted, hash, cause)],
      result: undefined,
    };
  });
  if (duplicate) await answerNudge(work, event, () => foundPublication(duplicate, hash, createCause()));
  logger.info(`processed order ${order_uid} (offset ${context.messageIdOf(event)})`);
}

async function answerLookup(work: UnitOfWork, event: LookupEvent): Promise<void> {
  const { order_uid, lookup_id } = event.data;
  logger.info(`LOOKUP RECEIVED order_uid=${order_uid} action=query-db`);
  const isFound = await commit(work, async (read) => {
    logger.info(`DB QUERY order_uid=${order_uid}`);
    const row = await read.get(recordKey(order_uid));
    const cause = causeOf(event, work.clock.now());
    const answer = row
      ? foundPublication(RecordRow.parse(row), lookup_id, cause)
      : createPublication(OrderNotFound.make({ order_uid, in_reply_to: lookup_id }, cause));
    return { writes: [], publish: [{ ...answer, ttlSeconds: LOOKUP_TTL_SECONDS }], result: row !== undefined };
  });
  logger.info(`DB ${isFound ? 'FOUND' : 'NOT FOUND'} order_uid=${order_uid}`);
  logger.info(`published ${isFound ? 'order-found' : 'order-not-found'} for ${order_uid}`);
}

/** Parses the submitted document. An error makes it a poison message, because no retry can correct a wrong document. */
function parseSubmitted({ data }: SubmittedEvent): ParsedDocument {
  const errors: FieldError[] = [];
  try {
    const parsed = parseDocument(data.document);
    if (parsed.order_uid !== data.order_uid) errors.push({ path: 'order_uid', message: `not ${data.order_uid}` });
    if (data.hash !== undefined && data.hash !== hashOfText(data.document))
      errors.push({ path: 'hash', message: 'not the SHA-256 of the document, in hex' });
    if (errors.length === 0) return parsed;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    errors.push(...error.errors);
  }
  throw new PoisonMessage(`not an order document: ${describeErrors(errors)}`);
}

/** A dead letter has room for a reason of 4000 characters. */
const MAX_REASON_CHARACTERS = 3800;

function describeErrors(errors: readonly FieldError[]): string {
  const text = errors.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return text.length > MAX_REASON_CHARACTERS
    ? `${text.slice(0, MAX_REASON_CHARACTERS)}… (${errors.length} in all)`
    : text;
}

const foundPublication = (
  { order_uid, document, instant, hash }: ParsedDocument,
  inReplyTo: string,
  cause: Cause,
): Publication =>
  createPublication(OrderFound.make({ order_uid, document, instant, hash, in_reply_to: inReplyTo }, cause));

const createPublication = (event: Envelope<{ order_uid: string }>): Publication => ({
  aggregate: recordKey(event.data.order_uid).pk,
  events: [event],
});
