import { command } from './command.ts';
import { switchConsumer } from './consumer-switch.ts';

export default command({
  takes: { usage: '<queue>', min: 1, max: 1 },
  options: {},
  about: 'It begins with what has waited for it.',
  examples: ['consumers start ticket-issuing'],
  run: ({ positionals: [queue = ''], ...input }) => switchConsumer(queue, 'running', input),
});
