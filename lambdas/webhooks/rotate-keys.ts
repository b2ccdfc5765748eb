import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '../shared/runtime/client-settings.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { job } from '../shared/runtime/job.ts';
import { count } from '../shared/runtime/observability.ts';
import { rotateSecret } from '../shared/runtime/rotate-secret.ts';
import { RotationEnv } from './env.ts';

const DAY_MS = 24 * 3_600_000;

const createRotation = () => {
  const { WEBHOOK_KEYS_ARN, ROTATE_AFTER_DAYS } = readEnv(RotationEnv);
  const client = new SecretsManagerClient(clientSettings);
  const rotation = { secretArn: WEBHOOK_KEYS_ARN, afterMs: Number(ROTATE_AFTER_DAYS) * DAY_MS };
  return () => (timeMs: number) => rotateSecret(client, rotation, timeMs);
};

/** Replaces the key if it is old enough. An operator learns of a new key, since receivers need their new secrets. */
export async function rotateKeys(timeMs: number, rotate: (timeMs: number) => Promise<boolean>): Promise<void> {
  if (await rotate(timeMs)) count('WebhookKeyRotated');
}

export const handler = job(createRotation, rotateKeys);
