import {
  GetQueueAttributesCommand,
  paginateListQueues,
  type QueueAttributeName,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import type { Target } from './target.ts';

const DLQ = '-dlq';

/** A queue that consumers work on, and the one where its dead messages lie. */
export interface WorkQueue {
  /** As people call it: `order-payments`. */
  readonly name: string;
  readonly url: string;
  readonly dlqName: string;
  readonly dlqUrl: string | undefined;
}

/** Every queue of the stage, found by its name, so that a later one is there by itself. */
export async function queuesOf(sqs: SQSClient, target: Target): Promise<WorkQueue[]> {
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
    .filter(([name]) => !name.endsWith(DLQ))
    .map(([name, url]) => ({ name, url, dlqName: name + DLQ, dlqUrl: urls.get(name + DLQ) }))
    .sort((one, other) => (one.name < other.name ? -1 : 1));
}

/** One queue by what a person calls it: its short or whole name, or its DLQ's. */
export async function queueNamed(sqs: SQSClient, target: Target, given: string) {
  const queues = await queuesOf(sqs, target);
  const short = target.short(given);
  const name = short.endsWith(DLQ) ? short.slice(0, -DLQ.length) : short;
  const queue = queues.find((one) => one.name === name);
  if (!queue)
    throw new UserError(`There is no queue "${given}".`, `Choose one of ${queues.map((one) => one.name).join(', ')}.`);
  return withDlq(queue);
}

export function withDlq(queue: WorkQueue): WorkQueue & { dlqUrl: string } {
  const { dlqUrl } = queue;
  if (!dlqUrl)
    throw new UserError(`Queue ${queue.name} has no DLQ.`, 'npm run ops -- doctor says what else is missing.');
  return { ...queue, dlqUrl };
}

export interface Counts {
  readonly waiting: number;
  readonly in_flight: number;
  readonly delayed: number;
}

const COUNTS = [
  'ApproximateNumberOfMessages',
  'ApproximateNumberOfMessagesNotVisible',
  'ApproximateNumberOfMessagesDelayed',
] as const satisfies QueueAttributeName[];

/** As SQS counts: near the truth, and a moment late on AWS. */
export async function countsOf(sqs: SQSClient, QueueUrl: string): Promise<Counts> {
  const { Attributes = {} } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl, AttributeNames: [...COUNTS] }));
  const [waiting = 0, in_flight = 0, delayed = 0] = COUNTS.map((name) => Number(Attributes[name] ?? 0));
  return { waiting, in_flight, delayed };
}
