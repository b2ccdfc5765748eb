import { SQSClient } from '@aws-sdk/client-sqs';
import { Trouble } from '../../localstack/trouble.ts';
import { command } from './command.ts';
import { deadLetters, withDead } from './dead-letters.ts';
import type { DeadMessage } from './dead-message.ts';
import { columns } from './print.ts';
import { queueNamed } from './queue-directory.ts';

const HIDE_FOR_S = 30;
const MAX_READ = 10_000;

export default command({
  takes: { usage: '<queue> <message id>', min: 2, max: 2 },
  options: {},
  about: "The id is the message's as `dlq list` says it, or the event's.",
  examples: ['dlq show order-payments 4b825dc6-42cb-4cd3-9e5c-2f5e43c1e4b2'],
  run: async ({ positionals: [name = '', id = ''], target, print, signal }) => {
    const sqs = new SQSClient({});
    const queue = await queueNamed(sqs, target, name);
    const scope = { limit: MAX_READ, hideForS: HIDE_FOR_S, signal };
    const message = await withDead(deadLetters(sqs, queue.dlqUrl, queue.url), scope, async (messages) =>
      messages.find((one) => isNamed(one, [id])),
    );
    if (!message)
      throw new Trouble(`There is no message ${id} in ${queue.dlqName}.`, `npm run ops -- dlq list ${queue.name}`);
    const { handle, raw, body, ...about } = message;
    const whole = { queue: queue.name, ...about, body: readable(raw) };
    print.either(whole, () => shown(whole));
    return undefined;
  },
});

/** By its own id, or by that of an event in it. */
export const isNamed = (message: DeadMessage, ids: readonly string[]): boolean =>
  ids.includes(message.id) || message.events.some((event) => ids.includes(event.id));

function readable(body: string): unknown {
  try {
    return JSON.parse(body);
  } catch (error) {
    if (error instanceof SyntaxError) return body;
    throw error;
  }
}

function shown({ events, body, ...about }: { events: DeadMessage['events']; body: unknown }): string {
  const facts = Object.entries({ ...about, events: events.map(({ id }) => id).join(', ') || 'none of ours' });
  return [
    ...columns(facts.map(([name, value]) => [name.replaceAll('_', ' '), String(value ?? '-')])),
    '',
    typeof body === 'string' ? body : JSON.stringify(body, null, 2),
  ].join('\n');
}
