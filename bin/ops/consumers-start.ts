import { defineCommand } from './command.ts';
import { switchConsumer } from './switch-consumer.ts';

export default defineCommand({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: {},
  about: 'It begins with what has waited for it.',
  examples: ['consumers start ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'running', input),
});
