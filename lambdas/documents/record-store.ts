import * as z from 'zod/mini';
import type { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderFound } from '../../events/documents/order-found.ts';
import type { OrderLookupRequested } from '../../events/documents/order-lookup-requested.ts';
import { OrderNotFound } from '../../events/documents/order-not-found.ts';
import type { Cause, EventOf } from '../../events/envelope.ts';
import { answerAgain } from '../shared/answer-again.ts';
import { type Change, commit, type Unit } from '../shared/commit.ts';
import { Poison } from '../shared/errors.ts';
import { count, logger } from '../shared/observability.ts';
import type { Outgoing } from '../shared/outbox.ts';
import { BadInput, type Fault } from '../shared/problem.ts';
import { type Call, causeOf } from '../shared/receipt.ts';
import { absent, type Key, versionIs } from '../shared/store.ts';
import { type Sealed, TALK_KEPT_FOR_S, wins } from './document.ts';
import { hashOfText, seal } from './sealing.ts';

type Submitted = EventOf<typeof OrderDocumentSubmitted>;
type Lookup = EventOf<typeof OrderLookupRequested>;

const RecordRow = z.object({
  order_uid: z.string(),
  document: z.string(),
  instant: z.string(),
  hash: z.string(),
  version: z.number(),
});

const recordKey = (uid: string): Key => ({ pk: `DOCUMENT#${uid}`, sk: 'STATE' });

/** The store side: documents for good, and the only place that knows their keys. */
export function recordStore(unit: Unit) {
  return {
    /** Takes a document in where it is newer than what there is, and tells the winner either way. */
    ingest: (event: Submitted, call: Call) => ingest(unit, event, call),
    /** Tells what there is under a UID. */
    answer: (event: Lookup) => answer(unit, event),
  };
}
export type RecordStore = ReturnType<typeof recordStore>;

async function ingest(unit: Unit, event: Submitted, call: Call): Promise<void> {
  const submitted = sealedIn(event);
  const { order_uid, hash } = submitted;
  const cause = () => causeOf(event, unit.clock.now());
  const repeated = await commit(unit, async (read): Promise<Change<Sealed | undefined>> => {
    const row = await read.get(recordKey(order_uid));
    const kept = row && RecordRow.parse(row);
    if (kept?.hash === hash) return { writes: [], result: kept };
    if (kept && !wins(submitted, kept)) {
      count('StaleUpdates');
      return { writes: [], publish: [found(kept, hash, cause())], result: undefined };
    }
    const item = { ...recordKey(order_uid), ...submitted, version: (kept?.version ?? 0) + 1, at: cause().time };
    return {
      writes: [{ op: 'put', item, when: kept ? versionIs(kept.version) : absent }],
      publish: [found(submitted, hash, cause())],
      result: undefined,
    };
  });
  if (repeated) await answerAgain(unit, event, () => found(repeated, hash, cause()));
  logger.info(`processed order ${order_uid} (offset ${call.messageOf(event)})`);
}

async function answer(unit: Unit, event: Lookup): Promise<void> {
  const { order_uid, lookup_id } = event.data;
  logger.info(`LOOKUP RECEIVED order_uid=${order_uid} action=query-db`);
  const isThere = await commit(unit, async (read) => {
    logger.info(`DB QUERY order_uid=${order_uid}`);
    const row = await read.get(recordKey(order_uid));
    const cause = causeOf(event, unit.clock.now());
    const told = row ? found(RecordRow.parse(row), lookup_id, cause) : notFound(order_uid, lookup_id, cause);
    return { writes: [], publish: [{ ...told, keptForS: TALK_KEPT_FOR_S }], result: row !== undefined };
  });
  logger.info(`DB ${isThere ? 'FOUND' : 'NOT FOUND'} order_uid=${order_uid}`);
  logger.info(`published ${isThere ? 'order-found' : 'order-not-found'} for ${order_uid}`);
}

/** All that is wrong with what was submitted, or the document. What is wrong stays wrong, however often it comes. */
function sealedIn({ data }: Submitted): Sealed {
  const faults: Fault[] = [];
  try {
    const sealed = seal(data.document);
    if (sealed.order_uid !== data.order_uid) faults.push({ path: 'order_uid', message: `not ${data.order_uid}` });
    if (data.hash !== undefined && data.hash !== hashOfText(data.document))
      faults.push({ path: 'hash', message: 'not the SHA-256 of the document, in hex' });
    if (faults.length === 0) return sealed;
  } catch (error) {
    if (!(error instanceof BadInput)) throw error;
    faults.push(...error.faults);
  }
  throw new Poison(`not an order document: ${inWords(faults)}`);
}

/** A DLQ takes 4000 letters of a reason. */
const MAX_LETTERS = 3800;

function inWords(faults: readonly Fault[]): string {
  const all = faults.map(({ path, message }) => `${path}: ${message}`).join('; ');
  return all.length > MAX_LETTERS ? `${all.slice(0, MAX_LETTERS)}… (${faults.length} in all)` : all;
}

const found = ({ order_uid, document, instant, hash }: Sealed, answers: string, cause: Cause): Outgoing => ({
  about: recordKey(order_uid).pk,
  events: [OrderFound.make({ order_uid, document, instant, hash, answers }, cause)],
});

const notFound = (order_uid: string, answers: string, cause: Cause): Outgoing => ({
  about: recordKey(order_uid).pk,
  events: [OrderNotFound.make({ order_uid, answers }, cause)],
});
