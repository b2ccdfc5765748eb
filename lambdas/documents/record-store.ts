import * as z from 'zod/mini';
import type { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../events/documents/order-found.ts';
import type { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../events/documents/order-not-found.ts';
import type { Cause, EventOf } from '../../events/envelope.ts';
import { type FieldError, InvalidInput } from '../shared/http/problem.ts';
import { causeOf, type MessageContext } from '../shared/messaging/receipt.ts';
import { answerNudge } from '../shared/outbox/answer-nudge.ts';
import type { Publication } from '../shared/outbox/outbox-record.ts';
import { PoisonMessage } from '../shared/runtime/errors.ts';
import { count, logger } from '../shared/runtime/observability.ts';
import { type Change, commit, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Key, versionIs } from '../shared/store/store.ts';
import { LOOKUP_TTL_SECONDS, type ParsedDocument, wins } from './document.ts';
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

/** The store side: documents for good, and the only place that knows their keys. */
export function recordStore(unit: UnitOfWork) {
  return {
    /** Takes a document in where it is newer than what there is, and tells the winner either way. */
    ingest: (event: SubmittedEvent, call: MessageContext) => ingest(unit, event, call),
    /** Tells what there is under a UID. */
    answer: (event: LookupEvent) => answer(unit, event),
  };
}
export type RecordStore = ReturnType<typeof recordStore>;

async function ingest(unit: UnitOfWork, event: SubmittedEvent, call: MessageContext): Promise<void> {
  const submitted = parseSubmitted(event);
  const { order_uid, hash } = submitted;
  const cause = () => causeOf(event, unit.clock.now());
  const repeated = await commit(unit, async (read): Promise<Change<ParsedDocument | undefined>> => {
    const row = await read.get(recordKey(order_uid));
    const kept = row && RecordRow.parse(row);
    if (kept?.hash === hash) return { writes: [], result: kept };
    if (kept && !wins(submitted, kept)) {
      count('StaleUpdates');
      return { writes: [], publish: [publishFound(kept, hash, cause())], result: undefined };
    }
    const item = { ...recordKey(order_uid), ...submitted, version: (kept?.version ?? 0) + 1, at: cause().time };
    return {
      writes: [{ op: 'put', row: item, when: kept ? versionIs(kept.version) : absent }],
      publish: [publishFound(submitted, hash, cause())],
      result: undefined,
    };
  });
  if (repeated) await answerNudge(unit, event, () => publishFound(repeated, hash, cause()));
  logger.info(`processed order ${order_uid} (offset ${call.messageIdOf(event)})`);
}

async function answer(unit: UnitOfWork, event: LookupEvent): Promise<void> {
  const { order_uid, lookup_id } = event.data;
  logger.info(`LOOKUP RECEIVED order_uid=${order_uid} action=query-db`);
  const isThere = await commit(unit, async (read) => {
    logger.info(`DB QUERY order_uid=${order_uid}`);
    const row = await read.get(recordKey(order_uid));
    const cause = causeOf(event, unit.clock.now());
    const told = row
      ? publishFound(RecordRow.parse(row), lookup_id, cause)
      : publishNotFound(order_uid, lookup_id, cause);
    return { writes: [], publish: [{ ...told, ttlSeconds: LOOKUP_TTL_SECONDS }], result: row !== undefined };
  });
  logger.info(`DB ${isThere ? 'FOUND' : 'NOT FOUND'} order_uid=${order_uid}`);
  logger.info(`published ${isThere ? 'order-found' : 'order-not-found'} for ${order_uid}`);
}

/** All that is wrong with what was submitted, or the document. What is wrong stays wrong, however often it comes. */
function parseSubmitted({ data }: SubmittedEvent): ParsedDocument {
  const faults: FieldError[] = [];
  try {
    const sealed = parseDocument(data.document);
    if (sealed.order_uid !== data.order_uid) faults.push({ path: 'order_uid', message: `not ${data.order_uid}` });
    if (data.hash !== undefined && data.hash !== hashOfText(data.document))
      faults.push({ path: 'hash', message: 'not the SHA-256 of the document, in hex' });
    if (faults.length === 0) return sealed;
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    faults.push(...error.errors);
  }
  throw new PoisonMessage(`not an order document: ${describeErrors(faults)}`);
}

/** A DLQ takes 4000 letters of a reason. */
const MAX_REASON_CHARACTERS = 3800;

function describeErrors(faults: readonly FieldError[]): string {
  const all = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return all.length > MAX_REASON_CHARACTERS ? `${all.slice(0, MAX_REASON_CHARACTERS)}… (${faults.length} in all)` : all;
}

const publishFound = (
  { order_uid, document, instant, hash }: ParsedDocument,
  answers: string,
  cause: Cause,
): Publication => ({
  aggregate: recordKey(order_uid).pk,
  events: [OrderFound.make({ order_uid, document, instant, hash, answers }, cause)],
});

const publishNotFound = (order_uid: string, answers: string, cause: Cause): Publication => ({
  aggregate: recordKey(order_uid).pk,
  events: [OrderNotFound.make({ order_uid, answers }, cause)],
});
