import { GetFunctionConfigurationCommand, LambdaClient } from '@aws-sdk/client-lambda';
import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { toIso } from '../../lambdas/shared/runtime/clock.ts';
import { readValidVersions } from '../../lambdas/shared/runtime/rotate-secret.ts';
import { UserError } from '../../tools/user-error.ts';
import { deployCommand } from './check.ts';
import type { Target } from './target.ts';

const DAY_MS = 24 * 3_600_000;

/** The key from which the secrets of the webhooks derive. */
export interface WebhookKey {
  readonly created_at: string;
  readonly age_days: number;
  /** When the key is replaced. */
  readonly rotates_at: string;
  /** The previous secrets are valid until then; null if there was no rotation yet. */
  readonly previous_valid_until: string | null;
}

/** Reads the age of the key, without the key itself. */
export async function readWebhookKey(target: Target): Promise<WebhookKey> {
  const { WEBHOOK_KEYS_ARN, ROTATE_AFTER_DAYS } = await readVariables(target, 'webhooks-rotate-keys');
  const { current, previous } = await readValidVersions(new SecretsManagerClient({}), WEBHOOK_KEYS_ARN ?? '');
  return describeKey(current.createdMs, previous !== undefined, Number(ROTATE_AFTER_DAYS), Date.now());
}

export function describeKey(createdMs: number, hasPrevious: boolean, rotateAfterDays: number, nowMs: number) {
  const rotates_at = toIso(createdMs + rotateAfterDays * DAY_MS);
  return {
    created_at: toIso(createdMs),
    age_days: Math.floor((nowMs - createdMs) / DAY_MS),
    rotates_at,
    previous_valid_until: hasPrevious ? rotates_at : null,
  } satisfies WebhookKey;
}

/** Returns the ARN of the key. CloudFormation chooses its name, and the functions that use it know it. */
export const findKeysArn = async (target: Target): Promise<string> =>
  (await readVariables(target, 'webhooks-api'))['WEBHOOK_KEYS_ARN'] ?? '';

async function readVariables(target: Target, name: string): Promise<Readonly<Record<string, string>>> {
  const FunctionName = target.name(name);
  const { Environment } = await new LambdaClient({}).send(new GetFunctionConfigurationCommand({ FunctionName }));
  const { Variables = {} } = Environment ?? {};
  if (!Variables['WEBHOOK_KEYS_ARN'])
    throw new UserError(`The function ${FunctionName} does not know the key.`, deployCommand(target));
  return Variables;
}
