import { defineCommand } from './command.ts';
import { switchConsumer } from './switch-consumer.ts';

export default defineCommand({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: {},
  details: 'The consumer processes the messages that have waited in the queue.',
  examples: ['consumers start ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'running', input),
});
