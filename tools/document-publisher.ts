import { OrderDocumentSubmitted } from '../events/documents/order-document-submitted.ts';
import type { Envelope } from '../events/envelope.ts';
import { hashOfText } from '../lambdas/documents/parse-document.ts';
import { type Bus, relay } from '../lambdas/relay/relay.ts';
import { noFaults } from '../lambdas/shared/runtime/chaos-setting.ts';
import { type Clock, toIso } from '../lambdas/shared/runtime/clock.ts';
import type { GeneratedDocument } from './generated-documents.ts';
import { UserError } from './user-error.ts';

/** The reply of the API to one request. */
export interface ApiReply {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Sends documents, says how far it is, and answers what it has sent. */
export type Publisher = (
  documents: readonly GeneratedDocument[],
  signal: AbortSignal,
  onProgress: (sent: number) => void,
) => Promise<readonly GeneratedDocument[]>;

/** Requests at once: each is a process of its own on the embedded engine. */
const AT_ONCE = 4;
/** Events between two looks at how far it is. */
const AT_A_TIME = 50;
const TRIES = 5;
const FIRST_WAIT_MS = 200;

type Post = (method: 'POST', path: string, body: string) => Promise<ApiReply>;

/** Through the API's door, which takes what is right and refuses what is wrong. */
export const createHttpPublisher =
  (post: Post, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    const sent = new Set<GeneratedDocument>();
    let next = 0;
    const lane = async () => {
      while (next < documents.length && !signal.aborted) {
        const document = documents[next++];
        if (!document) return;
        const { url, status, text } = await withRetries(() => post('POST', '/orders', document.text), clock);
        if (status !== (document.defect === undefined ? 202 : 400))
          throw new UserError(
            `${url} answers ${status} to a document with ${document.defect ?? 'nothing wrong'}: ${text}`,
            'npm run ops -- logs tail orders-api --since 5m',
          );
        sent.add(document);
        onProgress(sent.size);
      }
    };
    await Promise.all(Array.from({ length: AT_ONCE }, lane));
    return documents.filter((document) => sent.has(document));
  };

/** A door that is too busy is asked again. */
async function withRetries(ask: () => Promise<ApiReply>, clock: Clock): Promise<ApiReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await ask();
    if ((reply.status !== 429 && reply.status !== 503) || attempt === TRIES) return reply;
    await clock.sleep(FIRST_WAIT_MS * 2 ** attempt);
  }
}

/** Straight onto the bus, as a publisher outside would. What is wrong with a document is for the consumer to find. */
export const createBusPublisher =
  (bus: Bus, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    let sent = 0;
    const refused: Envelope[] = [];
    const ports = {
      bus,
      clock,
      chaos: async () => noFaults,
      park: async (events: readonly Envelope[]) => void refused.push(...events),
    };
    for (; sent < documents.length && !signal.aborted; onProgress(sent)) {
      const some = documents.slice(sent, sent + AT_A_TIME);
      await relay(
        some.map((document) => createSubmitted(document, clock.now())),
        ports,
      );
      if (refused.length > 0)
        throw new UserError(
          `The bus took ${sent + some.length - refused.length} documents and refused ${refused.length}.`,
          'The same --seed sends the same documents again; what is there already stays as it is.',
        );
      sent += some.length;
    }
    return documents.slice(0, sent);
  };

const createSubmitted = ({ order_uid, text }: GeneratedDocument, now: number): Envelope =>
  OrderDocumentSubmitted.make(
    { order_uid, document: text, hash: hashOfText(text) },
    { time: toIso(now), correlation_id: order_uid, causation_id: 'ops publish' },
  );
