import { setTimeout as pause } from 'node:timers/promises';
import { SQSClient } from '@aws-sdk/client-sqs';
import { defineCommand } from './command.ts';
import { onClearedScreen, table } from './print.ts';
import { type Counts, countsOf, queuesOf, type WorkQueue } from './stage-queues.ts';

const EVERY_MS = 1000;

export interface QueueFigures extends Counts {
  readonly queue: string;
  /** Messages in its DLQ, those that somebody looks at included; nothing where it has none. */
  readonly dead: number | null;
}

export default defineCommand({
  options: { watch: { type: 'boolean', help: 'again every second, until Ctrl-C' } },
  examples: ['queues', 'queues --watch', 'queues --json'],
  run: async ({ values, target, print, signal }) => {
    const sqs = new SQSClient({});
    const queues = await queuesOf(sqs, target);
    const look = () => Promise.all(queues.map((queue) => figuresOf(sqs, queue)));
    if (!values.watch) {
      const figures = await look();
      print.result(figures, () => figuresTable(figures));
      return undefined;
    }
    while (!signal.aborted) {
      const figures = await look();
      print.line(figures, () => onClearedScreen(figuresTable(figures)));
      await pause(EVERY_MS, undefined, { signal }).catch(() => undefined);
    }
    return undefined;
  },
});

async function figuresOf(sqs: SQSClient, { name, url, dlqUrl }: WorkQueue): Promise<QueueFigures> {
  const [own, dlq] = await Promise.all([countsOf(sqs, url), dlqUrl ? countsOf(sqs, dlqUrl) : undefined]);
  return { queue: name, ...own, dead: dlq ? dlq.waiting + dlq.in_flight + dlq.delayed : null };
}

export const figuresTable = (figures: readonly QueueFigures[]): string =>
  table(
    ['queue', 'waiting', 'in flight', 'delayed', 'dead'],
    figures.map((one) => [one.queue, one.waiting, one.in_flight, one.delayed, one.dead ?? 'no DLQ']),
  );
