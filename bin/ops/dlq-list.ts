import { SQSClient } from '@aws-sdk/client-sqs';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, withDlqMessages } from './dlq-reader.ts';
import { table } from './print.ts';
import { queueNamed, queuesOf, withDlq } from './stage-queues.ts';
import { formatAge } from './time.ts';

/** Long enough to read them all once, short enough that a crash of ours hides nothing for long. */
const HIDE_FOR_S = 30;
const DEFAULT_LIMIT = 50;
const MAX_LIMIT = 10_000;

export interface Listing {
  readonly queue: string;
  readonly message_id: string;
  readonly reason: string;
  readonly type: string | null;
  readonly event_id: string | null;
  readonly events: number;
  readonly order_id: string | null;
  readonly first_received_at: string | null;
  readonly last_received_at: string | null;
  readonly receive_count: number | null;
  readonly age_s: number;
}

export default defineCommand({
  takes: { usage: '[queue]', min: 0, max: 1 },
  options: { limit: { type: 'string', value: 'n', help: `at most n of each DLQ (${DEFAULT_LIMIT})` } },
  about: 'Of all queues where none is named. Each message is given back as soon as it is read: nothing changes by it.',
  examples: ['dlq list', 'dlq list order-payments --limit 200', 'dlq list --json'],
  run: async ({ values, positionals: [name], target, print, signal }) => {
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_LIMIT);
    const sqs = new SQSClient({});
    const queues = name ? [await queueNamed(sqs, target, name)] : (await queuesOf(sqs, target)).map(withDlq);
    const found = await Promise.all(
      queues.map((queue) =>
        withDlqMessages(
          createDlqReader(sqs, queue.dlqUrl, queue.url),
          { limit, hideForS: HIDE_FOR_S, signal },
          async (messages) => messages.map((message) => listingOf(queue.name, message, Date.now())),
        ),
      ),
    );
    const listings = found.flat();
    const isCut = found.some((some) => some.length === limit);
    print.result(
      listings,
      () => listingsTable(listings) + (isCut ? `\nOnly ${limit} of each DLQ; --limit shows more.` : ''),
    );
    return undefined;
  },
});

export function listingOf(queue: string, message: DlqMessage, now: number): Listing {
  const [first] = message.events;
  return {
    queue,
    message_id: message.id,
    reason: message.reason,
    type: first?.type ?? null,
    event_id: first?.id ?? null,
    events: message.events.length,
    order_id: orderIdOf(first?.data),
    first_received_at: message.first_received_at,
    last_received_at: message.last_received_at,
    receive_count: message.receive_count,
    age_s: Math.max(0, Math.round((now - Date.parse(message.sent_at)) / 1000)),
  };
}

function orderIdOf(data: unknown): string | null {
  const has = typeof data === 'object' && data !== null && 'order_id' in data && typeof data.order_id === 'string';
  return has ? (data.order_id as string) : null;
}

export function listingsTable(listings: readonly Listing[]): string {
  if (listings.length === 0) return 'No dead messages.';
  return table(
    ['queue', 'message', 'event', 'order', 'receives', 'first', 'last', 'age', 'reason'],
    listings.map((one) => [
      one.queue,
      one.message_id,
      one.events > 1 ? `${one.type} +${one.events - 1}` : (one.type ?? '?'),
      one.order_id ?? '-',
      one.receive_count ?? '-',
      clock(one.first_received_at),
      clock(one.last_received_at),
      formatAge(one.age_s * 1000),
      one.reason,
    ]),
  );
}

const clock = (iso: string | null): string => (iso === null ? '-' : iso.slice(0, 19).replace('T', ' '));
