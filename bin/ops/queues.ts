import type { SQSClient } from '@aws-sdk/client-sqs';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { defineCommand } from './command.ts';
import { table } from './print.ts';
import { countDeadLetters, countMessages, listQueues, type WorkQueue } from './stage-queues.ts';
import { printAndWatch, watchOption } from './watch.ts';

export default defineCommand({
  options: { watch: watchOption },
  details:
    'Messages are visible (to be received), in flight (received and not yet deleted), or delayed. SQS counts\n' +
    'approximately.',
  examples: ['queues', 'queues --watch', 'queues --json'],
  run: async ({ values, target, ...output }) => {
    const sqs = createSqsClient();
    const queues = await listQueues(sqs, target);
    return printAndWatch(
      output,
      values.watch,
      () => Promise.all(queues.map((queue) => readCounts(sqs, queue))),
      formatQueueCounts,
    );
  },
});

/** Counts the messages of a queue and its dead letters: `null` if it has no DLQ. */
async function readCounts(sqs: SQSClient, { name, url, dlqUrl }: WorkQueue) {
  const [counts, deadLetters] = await Promise.all([
    countMessages(sqs, url),
    dlqUrl === undefined ? null : countDeadLetters(sqs, dlqUrl),
  ]);
  return { queue: name, ...counts, dead_letters: deadLetters };
}

export const formatQueueCounts = (counts: readonly Awaited<ReturnType<typeof readCounts>>[]): string =>
  table(
    ['queue', 'visible', 'in flight', 'delayed', 'dead letters'],
    counts.map((count) => [count.queue, count.visible, count.in_flight, count.delayed, count.dead_letters ?? 'no DLQ']),
  );
