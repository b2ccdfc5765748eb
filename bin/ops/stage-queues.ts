import {
  GetQueueAttributesCommand,
  paginateListQueues,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import type { Target } from './target.ts';

const DLQ_SUFFIX = '-dlq';

/** A queue with a consumer, and its DLQ. Its name is the short one, for example `order-payments`. */
export type WorkQueue = Awaited<ReturnType<typeof listQueues>>[number];

/** Lists every queue of the stage. Queues are found by their names, so a new queue needs no change here. */
export async function listQueues(sqs: SQSClient, target: Target) {
  const urls = new Map<string, string>();
  const input = { QueueNamePrefix: `${target.name()}-` };
  for await (const { QueueUrls = [] } of paginateListQueues({ client: sqs, pageSize: 1000 }, input))
    for (const url of QueueUrls) urls.set(target.short(url.slice(url.lastIndexOf('/') + 1)), url);
  if (urls.size === 0)
    throw new UserError(
      `Stage ${target.stage} has no queues.`,
      'Deploy it: npm start, or npx cdk deploy --all on AWS.',
    );
  return [...urls]
    .filter(([name]) => !name.endsWith(DLQ_SUFFIX))
    .map(([name, url]) => ({ name, url, dlqName: name + DLQ_SUFFIX, dlqUrl: urls.get(name + DLQ_SUFFIX) }))
    .sort((a, b) => (a.name < b.name ? -1 : 1));
}

/** Finds a queue by its short name, its physical name, or the name of its DLQ. */
export async function findQueue(sqs: SQSClient, target: Target, input: string) {
  const queues = await listQueues(sqs, target);
  const short = target.short(input);
  const name = short.endsWith(DLQ_SUFFIX) ? short.slice(0, -DLQ_SUFFIX.length) : short;
  const queue = queues.find((candidate) => candidate.name === name);
  if (!queue)
    throw new UserError(`There is no queue "${input}".`, `Choose one of ${queues.map(({ name }) => name).join(', ')}.`);
  return requireDlq(queue);
}

export function requireDlq(queue: WorkQueue) {
  const { dlqUrl } = queue;
  if (!dlqUrl)
    throw new UserError(`Queue ${queue.name} has no DLQ.`, 'Run npm run ops -- doctor to see what is missing.');
  return { ...queue, dlqUrl };
}

const COUNT_ATTRIBUTES = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const satisfies QueueAttributeName[];

/** Counts the messages of a queue. The counts of SQS are approximate, and on AWS they lag by a moment. */
export async function countMessages(sqs: SQSClient, QueueUrl: string) {
  const { Attributes = {} } = await sqs.send(
    new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNT_ATTRIBUTES] }),
  );
  const [visible = 0, in_flight = 0, delayed = 0] = COUNT_ATTRIBUTES.map((name) => Number(Attributes[name] ?? 0));
  return { visible, in_flight, delayed };
}

/** Counts all messages of a DLQ, including those that someone is reading. */
export async function countDeadLetters(sqs: SQSClient, dlqUrl: string): Promise<number> {
  const { visible, in_flight, delayed } = await countMessages(sqs, dlqUrl);
  return visible + in_flight + delayed;
}
