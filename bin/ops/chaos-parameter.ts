import { GetParameterCommand, ParameterNotFound, type SSMClient } from '@aws-sdk/client-ssm';
import { Chaos } from '../../lambdas/shared/runtime/chaos-setting.ts';
import { UserError } from '../../tools/user-error.ts';
import { columns } from './print.ts';
import type { Target } from './target.ts';

export const parameterName = ({ stage }: Target): string => `/oncebox/${stage}/chaos`;

export async function readChaos(ssm: SSMClient, target: Target): Promise<Chaos> {
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

export const formatChaos = (chaos: Chaos): string =>
  columns(Object.entries(chaos).map(([key, value]) => [key, String(value)])).join('\n');
