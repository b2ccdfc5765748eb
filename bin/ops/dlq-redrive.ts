import { SQSClient } from '@aws-sdk/client-sqs';
import { Trouble } from '../../localstack/trouble.ts';
import { wholeNumber } from './arguments.ts';
import { command } from './command.ts';
import { type DeadLetters, deadLetters, withDead } from './dead-letters.ts';
import type { DeadMessage } from './dead-message.ts';
import { effectOf, type Tables } from './decisions.ts';
import { isNamed } from './dlq-show.ts';
import { type Print, table } from './print.ts';
import { queueNamed } from './queue-directory.ts';
import type { Effect } from './rehearsal.ts';
import { tablesOf } from './tables.ts';

/** All are read before the first is sent, so that one that dies again at once is not met twice. */
const HIDE_FOR_S = 300;
const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;
const AT_ONCE = 8;

export default command({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: {
    id: { type: 'string', multiple: true, value: 'id', help: 'only this one, by its message or event id; repeatable' },
    limit: { type: 'string', value: 'n', help: `at most n messages (${DEFAULT_LIMIT})` },
    'dry-run': { type: 'boolean', help: 'say what each would do, and do nothing' },
  },
  about:
    'Each is sent to its queue first and deleted from the DLQ then. What is decided already has no effect. A longer\n' +
    'DLQ takes several calls.',
  examples: ['dlq redrive order-payments --dry-run', 'dlq redrive order-payments', 'dlq redrive outbox-retry'],
  run: async ({ values, positionals: [name = ''], target, print, signal }) => {
    const limit = wholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_LIMIT);
    const sqs = new SQSClient({});
    const queue = await queueNamed(sqs, target, name);
    const letters = deadLetters(sqs, queue.dlqUrl, queue.url);
    const ids = values.id;
    // one that is asked for by its id may lie behind all the others
    const scope = { limit: ids ? MAX_LIMIT : limit, hideForS: HIDE_FOR_S, signal };
    return withDead(letters, scope, async (messages, gone) => {
      const chosen = (ids ? messages.filter((one) => isNamed(one, ids)) : messages).slice(0, limit);
      const missing = ids?.filter((id) => !chosen.some((message) => isNamed(message, [id]))) ?? [];
      if (missing.length > 0 && !signal.aborted)
        throw new Trouble(`Not in ${queue.dlqName}: ${missing.join(', ')}.`, `npm run ops -- dlq list ${queue.name}`);
      if (values['dry-run']) await foretell(queue.name, chosen, tablesOf(target), print);
      else await redrive(queue.name, chosen, letters, gone, print, signal);
      return undefined;
    });
  },
});

async function foretell(queue: string, messages: readonly DeadMessage[], tables: Tables, print: Print): Promise<void> {
  const told = await effectsOf(queue, messages, tables);
  const json = told.map(({ message, effect }) => ({
    message_id: message.id,
    event_id: message.events[0]?.id ?? null,
    ...effect,
  }));
  print.either({ queue, dry_run: true, messages: json }, () =>
    told.length === 0
      ? 'Nothing to redrive.'
      : table(
          ['message', 'event', 'would', 'because'],
          json.map((one) => [one.message_id, one.event_id ?? '?', one.would, one.because]),
        ),
  );
}

/** Of two that say the same, only the first can still have an effect. */
export async function effectsOf(queue: string, messages: readonly DeadMessage[], tables: Tables) {
  const applied = new Set<string>();
  const told: { message: DeadMessage; effect: Effect }[] = [];
  for (const message of messages) {
    const effect = await effectOf(queue, message, tables);
    const says = message.events.map(({ id, nudge }) => `${id} ${nudge ?? ''}`).join();
    const isRepeat = effect.would === 'apply' && applied.has(says);
    if (effect.would === 'apply') applied.add(says);
    told.push({
      message,
      effect: isRepeat ? { would: 'no effect', because: 'it is decided by the one before it' } : effect,
    });
  }
  return told;
}

async function redrive(
  queue: string,
  messages: readonly DeadMessage[],
  letters: DeadLetters,
  gone: (message: DeadMessage) => void,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  let redriven = 0;
  for (let at = 0; at < messages.length && !signal.aborted; at += AT_ONCE) {
    const some = messages.slice(at, at + AT_ONCE);
    const results = await Promise.allSettled(some.map((message) => letters.revive(message)));
    for (const [index, message] of some.entries()) {
      if (results[index]?.status !== 'fulfilled') continue;
      gone(message);
      redriven += 1;
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      const reason = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
      throw new Trouble(
        `${redriven} of ${messages.length} messages went back to ${queue}, then: ${reason}`,
        'The others lie in the DLQ as before. Run it again; a message that went twice has no second effect.',
      );
    }
    print.progress('redriving', redriven, messages.length);
  }
  print.progressDone();
  print.either({ queue, redriven, ids: messages.slice(0, redriven).map(({ id }) => id) }, () =>
    redriven === 0 ? 'Nothing to redrive.' : `${redriven} of ${messages.length} messages went back to ${queue}.`,
  );
}
