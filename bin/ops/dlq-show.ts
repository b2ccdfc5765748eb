import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { parseJson } from '../../tools/json.ts';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, HIDE_FOR_S, MAX_MESSAGES, withDlqMessages } from './dlq-reader.ts';
import { columns } from './print.ts';
import { findQueue } from './stage-queues.ts';

export default defineCommand({
  positionals: { usage: '<queue> <message id>', min: 2, max: 2 },
  details: 'The id is the message id that dlq list shows, or the id of an event in the message.',
  examples: ['dlq show order-payments 4b825dc6-42cb-4cd3-9e5c-2f5e43c1e4b2'],
  run: async ({ positionals: [name = '', id = ''], target, print, signal }) => {
    const sqs = createSqsClient();
    const queue = await findQueue(sqs, target, name);
    const message = await withDlqMessages(
      createDlqReader(sqs, queue.dlqUrl),
      { limit: MAX_MESSAGES, hideForS: HIDE_FOR_S, signal },
      async (messages) => messages.find((candidate) => hasId(candidate, [id])),
    );
    if (!message)
      throw new UserError(`There is no message ${id} in ${queue.dlqName}.`, `npm run ops -- dlq list ${queue.name}`);
    const { handle, raw, body: _, ...details } = message;
    const json = parseJson(raw);
    const result = { queue: queue.name, ...details, body: json === undefined ? raw : json };
    print.result(result, () => formatMessage(result));
  },
});

/** Tells whether one of the ids is the message's own id or the id of an event in it. */
export const hasId = (message: DlqMessage, ids: readonly string[]): boolean =>
  ids.includes(message.id) || message.events.some((event) => ids.includes(event.id));

function formatMessage({ events, body, ...details }: { events: DlqMessage['events']; body: unknown }): string {
  const fields = Object.entries({ ...details, events: events.map(({ id }) => id).join(', ') || 'none' });
  return [
    ...columns(fields.map(([name, value]) => [name.replaceAll('_', ' '), String(value ?? '-')])),
    '',
    typeof body === 'string' ? body : JSON.stringify(body, null, 2),
  ].join('\n');
}
