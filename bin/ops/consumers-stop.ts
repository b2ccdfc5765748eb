import { defineCommand } from './command.ts';
import { switchConsumer } from './switch-consumer.ts';

export default defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  details:
    'Messages in flight are finished. All others wait in the queue until the consumer is started again, for at most\n' +
    'four days. Other consumers are not affected.',
  examples: ['consumers stop ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'stopped', input),
});
