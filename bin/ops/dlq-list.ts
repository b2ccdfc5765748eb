import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, HIDE_FOR_S, MAX_MESSAGES, withDlqMessages } from './dlq-reader.ts';
import { table } from './print.ts';
import { findQueue, listQueues, requireDlq } from './stage-queues.ts';
import { formatAge, formatTime } from './time.ts';

const DEFAULT_LIMIT = 50;

export default defineCommand({
  positionals: { usage: '[queue]', min: 0, max: 1 },
  options: {
    limit: { type: 'string', valueName: 'n', help: `how many of each DLQ at most (default: ${DEFAULT_LIMIT})` },
  },
  details: 'Without a queue, lists the dead letters of all queues. Listing does not change a DLQ.',
  examples: ['dlq list', 'dlq list order-payments --limit 200', 'dlq list --json'],
  run: async ({ values, positionals: [name], target, print, signal }) => {
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_MESSAGES);
    const sqs = createSqsClient();
    const queues = name ? [await findQueue(sqs, target, name)] : (await listQueues(sqs, target)).map(requireDlq);
    const entriesByQueue = await Promise.all(
      queues.map((queue) =>
        withDlqMessages(createDlqReader(sqs, queue.dlqUrl), { limit, hideForS: HIDE_FOR_S, signal }, async (messages) =>
          messages.map((message) => toEntry(queue.name, message, Date.now())),
        ),
      ),
    );
    const entries = entriesByQueue.flat();
    const isLimited = entriesByQueue.some(({ length }) => length === limit);
    const hint = isLimited ? `\nThe list shows at most ${limit} messages of each DLQ. Use --limit to show more.` : '';
    print.result(entries, () => formatEntries(entries) + hint);
  },
});

export function toEntry(queue: string, message: DlqMessage, nowMs: number) {
  const [event] = message.events;
  return {
    queue,
    message_id: message.id,
    reason: message.reason,
    type: event?.type ?? null,
    event_id: event?.id ?? null,
    event_count: message.events.length,
    order_id: orderIdOf(event?.data),
    first_received_at: message.first_received_at,
    last_received_at: message.last_received_at,
    receive_count: message.receive_count,
    age_s: Math.max(0, Math.round((nowMs - Date.parse(message.sent_at)) / 1000)),
  };
}

function orderIdOf(data: unknown): string | null {
  const hasOrderId = typeof data === 'object' && data !== null && 'order_id' in data;
  return hasOrderId && typeof data.order_id === 'string' ? data.order_id : null;
}

export function formatEntries(entries: readonly ReturnType<typeof toEntry>[]): string {
  if (entries.length === 0) return 'There are no dead letters.';
  return table(
    ['queue', 'message', 'event', 'order', 'receives', 'first received', 'last received', 'age', 'reason'],
    entries.map((entry) => [
      entry.queue,
      entry.message_id,
      entry.event_count > 1 ? `${entry.type} +${entry.event_count - 1}` : (entry.type ?? '?'),
      entry.order_id ?? '-',
      entry.receive_count ?? '-',
      formatToSeconds(entry.first_received_at),
      formatToSeconds(entry.last_received_at),
      formatAge(entry.age_s * 1000),
      entry.reason,
    ]),
  );
}

const formatToSeconds = (iso: string | null): string => (iso === null ? '-' : formatTime(iso).slice(0, 19));
