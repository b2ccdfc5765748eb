import { SSMClient } from '@aws-sdk/client-ssm';
import { changed, chaosTable, readChaos, writeChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  takes: { usage: '<key=value> …', min: 1, max: 20 },
  options: {},
  about: 'What is not named stays as it is. Functions feel it within three seconds.',
  examples: ['chaos set publish_failure=0.2 latency_ms=50', 'chaos set publish_failure=0'],
  run: async ({ positionals, target, print }) => {
    const ssm = new SSMClient({});
    const chaos = changed(await readChaos(ssm, target), positionals);
    await writeChaos(ssm, target, chaos);
    print.result(chaos, () => chaosTable(chaos));
    return undefined;
  },
});
