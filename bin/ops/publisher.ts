import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import type { Envelope } from '../../events/envelope.ts';
import { hashOfText } from '../../lambdas/documents/sealing.ts';
import { calm } from '../../lambdas/shared/chaos-setting.ts';
import { type Clock, iso } from '../../lambdas/shared/clock.ts';
import { type Bus, relay } from '../../lambdas/shared/relay.ts';
import { Trouble } from '../../localstack/trouble.ts';
import type { ApiReply } from './api-door.ts';
import type { MadeUp } from './made-up-documents.ts';

/** Sends documents, says how far it is, and answers what it has sent. */
export type Publisher = (
  documents: readonly MadeUp[],
  signal: AbortSignal,
  onProgress: (sent: number) => void,
) => Promise<readonly MadeUp[]>;

/** Requests at once: each is a process of its own on the embedded engine. */
const AT_ONCE = 4;
/** Events between two looks at how far it is. */
const AT_A_TIME = 50;
const TRIES = 5;
const FIRST_WAIT_MS = 200;

type Post = (method: 'POST', path: string, body: string) => Promise<ApiReply>;

/** Through the API's door, which takes what is right and refuses what is wrong. */
export const byHttp =
  (post: Post, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    const sent = new Set<MadeUp>();
    let next = 0;
    const lane = async () => {
      while (next < documents.length && !signal.aborted) {
        const document = documents[next++];
        if (!document) return;
        const { url, status, text } = await patiently(() => post('POST', '/orders', document.text), clock);
        if (status !== (document.wrong === undefined ? 202 : 400))
          throw new Trouble(
            `${url} answers ${status} to a document with ${document.wrong ?? 'nothing wrong'}: ${text}`,
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
async function patiently(ask: () => Promise<ApiReply>, clock: Clock): Promise<ApiReply> {
  for (let attempt = 1; ; attempt++) {
    const reply = await ask();
    if ((reply.status !== 429 && reply.status !== 503) || attempt === TRIES) return reply;
    await clock.sleep(FIRST_WAIT_MS * 2 ** attempt);
  }
}

/** Straight onto the bus, as a publisher outside would. What is wrong with a document is for the consumer to find. */
export const byBus =
  (bus: Bus, clock: Clock): Publisher =>
  async (documents, signal, onProgress) => {
    let sent = 0;
    const refused: Envelope[] = [];
    const ports = {
      bus,
      clock,
      chaos: async () => calm,
      park: async (events: readonly Envelope[]) => void refused.push(...events),
    };
    for (; sent < documents.length && !signal.aborted; onProgress(sent)) {
      const some = documents.slice(sent, sent + AT_A_TIME);
      await relay(
        some.map((document) => submitted(document, clock.now())),
        ports,
      );
      if (refused.length > 0)
        throw new Trouble(
          `The bus took ${sent + some.length - refused.length} documents and refused ${refused.length}.`,
          'The same --seed sends the same documents again; what is there already stays as it is.',
        );
      sent += some.length;
    }
    return documents.slice(0, sent);
  };

const submitted = ({ order_uid, text }: MadeUp, now: number): Envelope =>
  OrderDocumentSubmitted.make(
    { order_uid, document: text, hash: hashOfText(text) },
    { time: iso(now), correlation_id: order_uid, causation_id: 'ops publish' },
  );
