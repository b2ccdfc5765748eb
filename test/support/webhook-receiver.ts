import { createHmac, timingSafeEqual } from 'node:crypto';

/** A request as a receiver of webhooks gets it. Header names are in lower case. */
export interface ReceivedRequest {
  readonly headers: Readonly<Record<string, string | readonly string[] | undefined>>;
  readonly body: string;
  readonly receivedMs: number;
}

/** The age of a request beyond which it may be a replay by somebody who has recorded it. */
const TOLERANCE_S = 300;

/**
 * Checks a signature as docs/webhooks.md tells receivers to. It shares no code with the sender, so that a mistake of
 * the sender is not repeated here.
 */
export function isSignedBy(secret: string, { headers, body, receivedMs }: ReceivedRequest): boolean {
  const parts = String(headers['oncebox-signature'])
    .split(',')
    .map((part) => part.split('='));
  const timestamp = parts.find(([name]) => name === 't')?.[1] ?? '';
  if (!/^\d+$/.test(timestamp) || Math.abs(receivedMs / 1000 - Number(timestamp)) > TOLERANCE_S) return false;
  const expected = createHmac('sha256', secret)
    .update(Buffer.from(`${timestamp}.${body}`, 'utf8'))
    .digest();
  return parts.some(([name, value = '']) => {
    const signature = Buffer.from(value, 'hex');
    return name === 'v1' && signature.length === expected.length && timingSafeEqual(signature, expected);
  });
}

export interface AcceptedEvent {
  readonly id: string;
  readonly type: string;
  readonly sequence: number;
  readonly data: Readonly<Record<string, unknown>>;
}

/** What a receiver does with requests: it checks the signature, and accepts each event once by its id. */
export class WebhookReceiver {
  /** The events in the order of their arrival, each once. */
  readonly accepted: AcceptedEvent[] = [];
  /** The number of requests with the id of an event that was accepted before. */
  repeated = 0;
  /** The number of requests without a valid signature. */
  forged = 0;
  readonly #secrets: () => readonly string[];

  constructor(...secrets: readonly (string | (() => string))[]) {
    this.#secrets = () => secrets.map((secret) => (typeof secret === 'string' ? secret : secret()));
  }

  /** Returns the status of the response. */
  receive(request: ReceivedRequest): number {
    if (!this.#secrets().some((secret) => isSignedBy(secret, request))) {
      this.forged += 1;
      return 401;
    }
    const event = JSON.parse(request.body) as AcceptedEvent;
    if (event.id !== request.headers['oncebox-event-id']) throw new Error('the header has the id of another event');
    if (this.accepted.some(({ id }) => id === event.id)) this.repeated += 1;
    else this.accepted.push(event);
    return 200;
  }

  /** Returns the types of the events of one order in the order of their `sequence`. */
  typesOf(orderId: string): string[] {
    return this.accepted
      .filter(({ data }) => data['order_id'] === orderId)
      .toSorted((a, b) => a.sequence - b.sequence)
      .map(({ type }) => type);
  }
}
