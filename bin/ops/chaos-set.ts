import { PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { formatChaos, parameterName, readChaos } from './chaos-parameter.ts';
import { defineCommand } from './command.ts';
import { UsageError } from './usage-error.ts';

export default defineCommand({
  positionals: { usage: '<key=value> …', min: 1, max: 20 },
  details:
    `Keys: ${Object.keys(noFaults).join(', ')}.\n` +
    'chaos show --help explains them. Settings that are not named stay as they are. Functions apply a change within\n' +
    'three seconds.',
  examples: ['chaos set publish_failure=0.2 latency_ms=50', 'chaos set publish_failure=0'],
  run: async ({ positionals, target, print }) => {
    const ssm = new SSMClient({});
    const chaos = applyAssignments(await readChaos(ssm, target), positionals);
    const [Name, Value] = [parameterName(target), JSON.stringify(chaos)];
    await ssm.send(new PutParameterCommand({ Name, Value, Type: 'String', Overwrite: true }));
    print.result(chaos, () => formatChaos(chaos));
  },
});

/** Applies assignments such as `publish_failure=0.2 latency_ms=50`. Throws a `UsageError` if one is not valid. */
export function applyAssignments(chaos: Chaos, assignments: readonly string[]): Chaos {
  const next: Record<string, number> = { ...chaos };
  for (const assignment of assignments) {
    const [, key = '', value = ''] = /^([a-z_]+)=([0-9.]+)$/.exec(assignment) ?? [];
    if (!Object.hasOwn(chaos, key))
      throw new UsageError(
        `"${assignment}" is not a setting. Use key=number with one of ${Object.keys(chaos).join(', ')}.`,
      );
    next[key] = Number(value);
  }
  const parsed = Chaos.safeParse(next);
  if (parsed.success) return parsed.data;
  const errors = parsed.error.issues.map(({ path, message }) => `${path.join('.')}: ${message}`);
  throw new UsageError(`The settings are not valid: ${errors.join('; ')}.`);
}
