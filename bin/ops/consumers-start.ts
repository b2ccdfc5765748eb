import { defineCommand } from './command.ts';
import { switchConsumer } from './switch-consumer.ts';

export default defineCommand({
  positionals: { usage: '<queue>', min: 1, max: 1 },
  details: 'The consumer processes the messages that have waited in the queue.',
  examples: ['consumers start ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'running', input),
});
