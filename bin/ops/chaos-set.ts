import { SSMClient } from '@aws-sdk/client-ssm';
import { applyAssignments, formatChaos, readChaos, writeChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  takes: { usage: '<key=value> …', min: 1, max: 20 },
  options: {},
  details: 'Settings that are not named stay as they are. Functions apply a change within three seconds.',
  examples: ['chaos set publish_failure=0.2 latency_ms=50', 'chaos set publish_failure=0'],
  run: async ({ positionals, target, print }) => {
    const ssm = new SSMClient({});
    const chaos = applyAssignments(await readChaos(ssm, target), positionals);
    await writeChaos(ssm, target, chaos);
    print.result(chaos, () => formatChaos(chaos));
    return undefined;
  },
});
