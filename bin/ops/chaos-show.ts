import { SSMClient } from '@aws-sdk/client-ssm';
import { chaosTable, readChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';

export default defineCommand({
  options: {},
  about: 'Rates are shares of calls, between 0 and 1.',
  examples: ['chaos show'],
  run: async ({ target, print }) => {
    const chaos = await readChaos(new SSMClient({}), target);
    print.result(chaos, () => chaosTable(chaos));
    return undefined;
  },
});
