import { LambdaClient } from '@aws-sdk/client-lambda';
import { defineCommand } from './command.ts';
import { type Consumer, listMappings, toConsumers } from './event-source-mappings.ts';
import { table } from './print.ts';

export default defineCommand({
  options: {},
  details: 'Each consumer can be stopped and started separately: consumers stop <queue>, consumers start <queue>.',
  examples: ['consumers', 'consumers --json'],
  run: async ({ target, print }) => {
    const consumers = toConsumers(await listMappings(new LambdaClient({}), target), target);
    print.result(consumers, () => formatConsumers(consumers));
    return undefined;
  },
});

export const formatConsumers = (consumers: readonly Consumer[]): string =>
  table(
    ['queue', 'function', 'state'],
    consumers.map((consumer) => [consumer.queue, consumer.function, consumer.state]),
  );
