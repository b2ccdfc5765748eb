import { SSMClient } from '@aws-sdk/client-ssm';
import { formatChaos, readChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  options: {},
  details:
    'Each rate is the share of calls in which the fault occurs, from 0 to 1. latency_ms delays each batch that\n' +
    'a consumer receives.',
  examples: ['chaos show'],
  run: async ({ target, print }) => {
    const chaos = await readChaos(new SSMClient({}), target);
    print.result(chaos, () => formatChaos(chaos));
    return undefined;
  },
});
