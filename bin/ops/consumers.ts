import { LambdaClient } from '@aws-sdk/client-lambda';
import { defineCommand } from './command.ts';
import { type Consumer, consumersIn, mappingsOf } from './event-source-mappings.ts';
import { table } from './print.ts';

export default defineCommand({
  options: {},
  about: 'Each can be stopped and started alone.',
  examples: ['consumers', 'consumers --json'],
  run: async ({ target, print }) => {
    const consumers = consumersIn(await mappingsOf(new LambdaClient({}), target), target);
    print.result(consumers, () => consumersTable(consumers));
    return undefined;
  },
});

export const consumersTable = (consumers: readonly Consumer[]): string =>
  table(
    ['queue', 'function', 'state'],
    consumers.map((one) => [one.queue, one.function, one.state]),
  );
