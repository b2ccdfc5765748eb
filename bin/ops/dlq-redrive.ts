import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { UserError } from '../../tools/user-error.ts';
import { parseWholeNumber } from './arguments.ts';
import { defineCommand } from './command.ts';
import type { DlqMessage } from './dlq-message.ts';
import { createDlqReader, MAX_MESSAGES, withDlqMessages } from './dlq-reader.ts';
import { hasId } from './dlq-show.ts';
import type { Effect } from './dry-run.ts';
import { predictEffect } from './dry-run-consumers.ts';
import { type Printer, table } from './print.ts';
import { redriveMessage } from './redrive-message.ts';
import { findQueue } from './stage-queues.ts';
import { openTables, type Tables } from './tables.ts';

/** All messages are received before the first is sent. One that is dead-lettered again at once is not met twice. */
const HIDE_FOR_S = 300;
const DEFAULT_LIMIT = 1000;
const CONCURRENT_MESSAGES = 8;

export default defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  options: {
    id: { type: 'string', multiple: true, valueName: 'id', help: 'only this message or event id; repeatable' },
    limit: { type: 'string', valueName: 'n', help: `how many messages at most (default: ${DEFAULT_LIMIT})` },
    'dry-run': { type: 'boolean', help: 'show the effect of each message, and send nothing' },
  },
  details:
    'Each message is sent to its queue first and then deleted from the DLQ. A message whose step is already decided\n' +
    'has no effect. Run the command again if the DLQ holds more messages than the limit.',
  examples: ['dlq redrive order-payments --dry-run', 'dlq redrive order-payments', 'dlq redrive outbox-retry'],
  run: async ({ values, positionals: [name = ''], target, print, signal }) => {
    const limit = parseWholeNumber(values.limit, '--limit', DEFAULT_LIMIT, MAX_MESSAGES);
    const sqs = createSqsClient();
    const queue = await findQueue(sqs, target, name);
    const dlq = createDlqReader(sqs, queue.dlqUrl);
    const ids = values.id;
    // A message with a given id may be behind all others, so the limit applies only after the search.
    const scope = { limit: ids ? MAX_MESSAGES : limit, hideForS: HIDE_FOR_S, signal };
    await withDlqMessages(dlq, scope, async (received, markRemoved) => {
      const messages = (ids ? received.filter((message) => hasId(message, ids)) : received).slice(0, limit);
      const missing = ids?.filter((id) => !messages.some((message) => hasId(message, [id]))) ?? [];
      if (missing.length > 0 && !signal.aborted)
        throw new UserError(`Not in ${queue.dlqName}: ${missing.join(', ')}.`, `npm run ops -- dlq list ${queue.name}`);
      const redrive = (message: DlqMessage) => redriveMessage(sqs, queue, message).then(() => markRemoved(message));
      if (values['dry-run']) await showEffects(queue.name, messages, openTables(target), print);
      else await redriveAll(queue.name, messages, redrive, { print, signal });
    });
  },
});

async function showEffects(queue: string, messages: readonly DlqMessage[], tables: Tables, print: Printer) {
  const predictions = await predictEffects(queue, messages, tables);
  const rows = predictions.map(({ message, effect }) => ({
    message_id: message.id,
    event_id: message.events[0]?.id ?? null,
    ...effect,
  }));
  print.result({ queue, dry_run: true, messages: rows }, () =>
    rows.length === 0
      ? 'There is nothing to redrive.'
      : table(
          ['message', 'event', 'effect', 'reason'],
          rows.map((row) => [row.message_id, row.event_id ?? '?', row.effect, row.reason]),
        ),
  );
}

/** Predicts the effect of each message. Of several messages with the same events, only the first can have an effect. */
export async function predictEffects(queue: string, messages: readonly DlqMessage[], tables: Tables) {
  const applied = new Set<string>();
  const predictions: { message: DlqMessage; effect: Effect }[] = [];
  for (const message of messages) {
    const predicted = await predictEffect(queue, message, tables);
    const eventKey = message.events.map(({ id, nudge }) => `${id} ${nudge ?? ''}`).join();
    const isRepeat = predicted.effect === 'apply' && applied.has(eventKey);
    if (predicted.effect === 'apply') applied.add(eventKey);
    predictions.push({
      message,
      effect: isRepeat ? { effect: 'no_effect', reason: 'an earlier message has the same event' } : predicted,
    });
  }
  return predictions;
}

async function redriveAll(
  queue: string,
  messages: readonly DlqMessage[],
  redrive: (message: DlqMessage) => Promise<void>,
  { print, signal }: { print: Printer; signal: AbortSignal },
): Promise<void> {
  let redriven = 0;
  const summary = () => `${redriven} of ${messages.length} messages were sent to ${queue}.`;
  for (let start = 0; start < messages.length && !signal.aborted; start += CONCURRENT_MESSAGES) {
    const batch = messages.slice(start, start + CONCURRENT_MESSAGES);
    const results = await Promise.allSettled(batch.map(redrive));
    redriven += results.filter(({ status }) => status === 'fulfilled').length;
    const failed = results.find((result) => result.status === 'rejected');
    if (failed) {
      const reason = failed.reason instanceof Error ? failed.reason.message : String(failed.reason);
      throw new UserError(
        `${summary()} Then an error occurred: ${reason}`,
        'All others are still in the DLQ. Run the command again; a message that is sent twice has no second effect.',
      );
    }
    print.progress('redriving', redriven, messages.length);
  }
  print.progressDone();
  print.result({ queue, redriven, ids: messages.slice(0, redriven).map(({ id }) => id) }, () =>
    redriven === 0 ? 'There is nothing to redrive.' : summary(),
  );
}
