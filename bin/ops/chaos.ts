import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { Chaos, noFaults } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { UserError } from '../../tools/user-error.ts';
import { defineCommand } from './command.ts';
import { columns } from './print.ts';
import type { Target } from './target.ts';
import { UsageError } from './usage-error.ts';

export const chaosShow = defineCommand({
  details:
    'Each rate is a share from 0 to 1: of events (publish_failure), of writes (transaction_conflict), or of handler\n' +
    'calls (the others). latency_ms delays each batch that a consumer receives.',
  examples: ['chaos show'],
  run: async ({ target, print }) => {
    const chaos = await readChaos(new SSMClient({}), target);
    print.result(chaos, () => formatChaos(chaos));
  },
});

export const chaosSet = defineCommand({
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

const parameterName = ({ stage }: Target): string => `/oncebox/${stage}/chaos`;

async function readChaos(ssm: SSMClient, target: Target): Promise<Chaos> {
  const Name = parameterName(target);
  const value = await ssm.send(new GetParameterCommand({ Name })).catch((error: unknown) => {
    if (!(error instanceof ParameterNotFound)) throw error;
    throw new UserError(
      `Stage ${target.stage} has no parameter ${Name}.`,
      'Deploy the stage. If it is deployed, its configuration has no `chaos` setting (prod has none), so faults cannot be injected.',
    );
  });
  const parsed = Chaos.safeParse(JSON.parse(value.Parameter?.Value ?? '{}'));
  if (parsed.success) return parsed.data;
  throw new UserError(`${Name} is not a valid chaos setting, so functions ignore it.`, 'Deploy the stage again.');
}

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

const formatChaos = (chaos: Chaos): string =>
  columns(Object.entries(chaos).map(([key, value]) => [key, String(value)])).join('\n');
