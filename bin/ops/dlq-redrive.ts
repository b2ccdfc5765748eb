import { SQSClient } from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, type DlqReader, withDlqMessages } from './dlq-reader.ts';
import { matchesId } from './dlq-show.ts';
import type { Effect } from './dry-run.ts';
import { effectOf, type Tables } from './dry-run-consumers.ts';
import { type Print, table } from './print.ts';
import { queueNamed } from './stage-queues.ts';
import { tablesOf } from './tables.ts';

/** All are read before the first is sent, so that one that dies again at once is not met twice. */
const HIDE_FOR_S = 300;
const DEFAULT_LIMIT = 1000;
const MAX_LIMIT = 10_000;
const AT_ONCE = 8;

export default defineCommand({
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
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_LIMIT);
    const sqs = new SQSClient({});
    const queue = await queueNamed(sqs, target, name);
    const letters = createDlqReader(sqs, queue.dlqUrl, queue.url);
    const ids = values.id;
    // one that is asked for by its id may lie behind all the others
    const scope = { limit: ids ? MAX_LIMIT : limit, hideForS: HIDE_FOR_S, signal };
    return withDlqMessages(letters, scope, async (messages, gone) => {
      const chosen = (ids ? messages.filter((one) => matchesId(one, ids)) : messages).slice(0, limit);
      const missing = ids?.filter((id) => !chosen.some((message) => matchesId(message, [id]))) ?? [];
      if (missing.length > 0 && !signal.aborted)
        throw new UserError(`Not in ${queue.dlqName}: ${missing.join(', ')}.`, `npm run ops -- dlq list ${queue.name}`);
      if (values['dry-run']) await showEffects(queue.name, chosen, tablesOf(target), print);
      else await redrive(queue.name, chosen, letters, gone, print, signal);
      return undefined;
    });
  },
});

async function showEffects(
  queue: string,
  messages: readonly DlqMessage[],
  tables: Tables,
  print: Print,
): Promise<void> {
  const told = await effectsOf(queue, messages, tables);
  const json = told.map(({ message, effect }) => ({
    message_id: message.id,
    event_id: message.events[0]?.id ?? null,
    ...effect,
  }));
  print.result({ queue, dry_run: true, messages: json }, () =>
    told.length === 0
      ? 'Nothing to redrive.'
      : table(
          ['message', 'event', 'effect', 'reason'],
          json.map((one) => [one.message_id, one.event_id ?? '?', one.effect, one.reason]),
        ),
  );
}

/** Of two that say the same, only the first can still have an effect. */
export async function effectsOf(queue: string, messages: readonly DlqMessage[], tables: Tables) {
  const applied = new Set<string>();
  const told: { message: DlqMessage; effect: Effect }[] = [];
  for (const message of messages) {
    const effect = await effectOf(queue, message, tables);
    const says = message.events.map(({ id, nudge }) => `${id} ${nudge ?? ''}`).join();
    const isRepeat = effect.effect === 'apply' && applied.has(says);
    if (effect.effect === 'apply') applied.add(says);
    told.push({
      message,
      effect: isRepeat ? { effect: 'no_effect', reason: 'it is decided by the one before it' } : effect,
    });
  }
  return told;
}

async function redrive(
  queue: string,
  messages: readonly DlqMessage[],
  letters: DlqReader,
  gone: (message: DlqMessage) => void,
  print: Print,
  signal: AbortSignal,
): Promise<void> {
  let redriven = 0;
  for (let at = 0; at < messages.length && !signal.aborted; at += AT_ONCE) {
    const some = messages.slice(at, at + AT_ONCE);
    const results = await Promise.allSettled(some.map((message) => letters.redrive(message)));
    for (const [index, message] of some.entries()) {
      if (results[index]?.status !== 'fulfilled') continue;
      gone(message);
      redriven += 1;
    }
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      const reason = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
      throw new UserError(
        `${redriven} of ${messages.length} messages went back to ${queue}, then: ${reason}`,
        'The others lie in the DLQ as before. Run it again; a message that went twice has no second effect.',
      );
    }
    print.progress('redriving', redriven, messages.length);
  }
  print.progressDone();
  print.result({ queue, redriven, ids: messages.slice(0, redriven).map(({ id }) => id) }, () =>
    redriven === 0 ? 'Nothing to redrive.' : `${redriven} of ${messages.length} messages went back to ${queue}.`,
  );
}
