import { SQSClient } from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, withDlqMessages } from './dlq-reader.ts';
import { columns } from './print.ts';
import { queueNamed } from './stage-queues.ts';

const HIDE_FOR_S = 30;
const MAX_READ = 10_000;

export default defineCommand({
  takes: { usage: '<queue> <message id>', min: 2, max: 2 },
  options: {},
  about: "The id is the message's as `dlq list` says it, or the event's.",
  examples: ['dlq show order-payments 4b825dc6-42cb-4cd3-9e5c-2f5e43c1e4b2'],
  run: async ({ positionals: [name = '', id = ''], target, print, signal }) => {
    const sqs = new SQSClient({});
    const queue = await queueNamed(sqs, target, name);
    const scope = { limit: MAX_READ, hideForS: HIDE_FOR_S, signal };
    const message = await withDlqMessages(createDlqReader(sqs, queue.dlqUrl, queue.url), scope, async (messages) =>
      messages.find((one) => matchesId(one, [id])),
    );
    if (!message)
      throw new UserError(`There is no message ${id} in ${queue.dlqName}.`, `npm run ops -- dlq list ${queue.name}`);
    const { handle, raw, body, ...about } = message;
    const whole = { queue: queue.name, ...about, body: readable(raw) };
    print.result(whole, () => formatMessage(whole));
    return undefined;
  },
});

/** By its own id, or by that of an event in it. */
export const matchesId = (message: DlqMessage, ids: readonly string[]): boolean =>
  ids.includes(message.id) || message.events.some((event) => ids.includes(event.id));

function readable(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}

function formatMessage({ events, body, ...about }: { events: DlqMessage['events']; body: unknown }): string {
  const facts = Object.entries({ ...about, events: events.map(({ id }) => id).join(', ') || 'none of ours' });
  return [
    ...columns(facts.map(([name, value]) => [name.replaceAll('_', ' '), String(value ?? '-')])),
    '',
    typeof body === 'string' ? body : JSON.stringify(body, null, 2),
  ].join('\n');
}
