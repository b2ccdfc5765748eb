import { defineCommand } from './command.ts';
import { switchConsumer } from './switch-consumer.ts';

export default defineCommand({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: {},
  about:
    'What is under way is finished; all else waits in its queue until the consumer is started, for four days at most.\n' +
    'Everybody else goes on.',
  examples: ['consumers stop ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'stopped', input),
});
