import { LambdaClient } from '@aws-sdk/client-lambda';
import { defineCommand } from './command.ts';
import { listMappings, toConsumers } from './event-source-mappings.ts';
import { table } from './print.ts';
import { switchConsumer } from './switch-consumer.ts';

export const consumers = defineCommand({
  details: 'Each consumer can be stopped and started separately: consumers stop <queue>, consumers start <queue>.',
  examples: ['consumers', 'consumers --json'],
  run: async ({ target, print }) => {
    const list = toConsumers(await listMappings(new LambdaClient({}), target), target);
    print.result(list, () => formatConsumers(list));
  },
});

export const consumersStop = defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  details:
    'Messages in flight are finished. All others wait in the queue until the consumer is started again, for at most\n' +
    'four days. Other consumers are not affected.',
  examples: ['consumers stop ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'stopped', input),
});

export const consumersStart = defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  details: 'The consumer processes the messages that have waited in the queue.',
  examples: ['consumers start ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'running', input),
});

export const formatConsumers = (consumers: ReturnType<typeof toConsumers>): string =>
  table(
    ['queue', 'function', 'state'],
    consumers.map((consumer) => [consumer.queue, consumer.function, consumer.state]),
  );
