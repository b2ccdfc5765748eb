import { LambdaClient } from '@aws-sdk/client-lambda';
import { defineCommand } from './command.ts';
import { listMappings, toConsumers } from './event-source-mappings.ts';
import { table } from './print.ts';

export default defineCommand({
  details: 'Each consumer can be stopped and started separately: consumers stop <queue>, consumers start <queue>.',
  examples: ['consumers', 'consumers --json'],
  run: async ({ target, print }) => {
    const list = toConsumers(await listMappings(new LambdaClient({}), target), target);
    print.result(list, () => formatConsumers(list));
  },
});

export const formatConsumers = (consumers: ReturnType<typeof toConsumers>): string =>
  table(
    ['queue', 'function', 'state'],
    consumers.map((consumer) => [consumer.queue, consumer.function, consumer.state]),
  );
