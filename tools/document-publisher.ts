import { OrderDocumentSubmitted } from '../events/documents/order-document-submitted.ts';
import type { Envelope } from '../events/envelope.ts';
import { hashOfText } from '../lambdas/documents/parse-document.ts';
import { type Bus, relay } from '../lambdas/relay/relay.ts';
import { noFaults } from '../lambdas/shared/runtime/chaos-setting.ts';
import { type Clock, toIso } from '../lambdas/shared/runtime/clock.ts';
import type { GeneratedDocument } from './generated-documents.ts';
import { UserError } from './user-error.ts';

export interface ApiResponse {
  readonly url: string;
  readonly status: number;
  readonly text: string;
}

/** Sends documents, reports its progress, and returns the documents that were sent before the signal was aborted. */
export type Publisher = (
  documents: readonly GeneratedDocument[],
  signal: AbortSignal,
  onProgress: (sent: number) => void,
) => Promise<readonly GeneratedDocument[]>;

/** On the embedded engine, each concurrent request is a process of its own. */
const CONCURRENT_REQUESTS = 4;
/** The number of events between two reports of progress. The relay sends them to the bus in batches of its own. */
const BATCH_SIZE = 50;
const MAX_ATTEMPTS = 5;
const BASE_WAIT_MS = 200;

type Post = (method: 'POST', path: string, body: string) => Promise<ApiResponse>;

/** Creates a publisher that uses the API. The API must accept each valid document and refuse each invalid one. */
export const createHttpPublisher =
  (post: Post, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    const sent = new Set<GeneratedDocument>();
    let nextIndex = 0;
    const work = async () => {
      while (nextIndex < documents.length && !signal.aborted) {
        const document = documents[nextIndex++];
        if (!document) return;
        const { url, status, text } = await withRetries(() => post('POST', '/orders', document.text), clock);
        if (status !== (document.defect === undefined ? 202 : 400))
          throw new UserError(
            `${url} returned ${status} for ${describeDocument(document)}: ${text}`,
            'npm run ops -- logs tail orders-api --since 5m',
          );
        sent.add(document);
        onProgress(sent.size);
      }
    };
    await Promise.all(Array.from({ length: CONCURRENT_REQUESTS }, work));
    return documents.filter((document) => sent.has(document));
  };

const describeDocument = ({ defect }: GeneratedDocument): string =>
  defect === undefined ? 'a valid document' : `a document with ${defect}`;

/** Repeats a request that is throttled (429) or that the API is too busy for (503). */
async function withRetries(send: () => Promise<ApiResponse>, clock: Clock): Promise<ApiResponse> {
  for (let attempt = 1; ; attempt++) {
    const response = await send();
    if ((response.status !== 429 && response.status !== 503) || attempt === MAX_ATTEMPTS) return response;
    await clock.sleep(BASE_WAIT_MS * 2 ** attempt);
  }
}

/** Creates a publisher that sends events to the bus, as an external one does. The consumer validates the documents. */
export const createBusPublisher =
  (bus: Bus, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    let sent = 0;
    const refused: unknown[] = [];
    const ports = {
      bus,
      clock,
      chaos: async () => noFaults,
      park: async (events: readonly unknown[]) => void refused.push(...events),
    };
    for (; sent < documents.length && !signal.aborted; onProgress(sent)) {
      const batch = documents.slice(sent, sent + BATCH_SIZE);
      const events = batch.map((document) => createSubmitted(document, clock.now()));
      await relay(events, ports);
      if (refused.length > 0)
        throw new UserError(
          `The bus accepted ${sent + batch.length - refused.length} documents and refused ${refused.length}.`,
          'Run the command again. With the same --seed it sends the same documents; stored documents do not change.',
        );
      sent += batch.length;
    }
    return documents.slice(0, sent);
  };

const createSubmitted = ({ order_uid, text }: GeneratedDocument, nowMs: number): Envelope =>
  OrderDocumentSubmitted.make(
    { order_uid, document: text, hash: hashOfText(text) },
    { time: toIso(nowMs), correlation_id: order_uid, causation_id: 'ops publish' },
  );
