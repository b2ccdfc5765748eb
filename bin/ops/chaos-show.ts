import { SSMClient } from '@aws-sdk/client-ssm';
import { formatChaos, readChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  details:
    'Each rate is a share from 0 to 1: of events (publish_failure), of writes (transaction_conflict), or of handler\n' +
    'calls (the others). latency_ms delays each batch that a consumer receives.',
  examples: ['chaos show'],
  run: async ({ target, print }) => {
    const chaos = await readChaos(new SSMClient({}), target);
    print.result(chaos, () => formatChaos(chaos));
  },
});
