import { SecretsManagerClient } from '@aws-sdk/client-secrets-manager';
import { clientSettings } from '../shared/runtime/client-settings.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { job } from '../shared/runtime/job.ts';
import { rotateSecret } from '../shared/runtime/rotate-secret.ts';
import { RotationEnv } from './env.ts';

const DAY_MS = 24 * 3_600_000;

const createRotation = () => {
  const { WEBHOOK_KEYS_ARN, ROTATE_AFTER_DAYS } = readEnv(RotationEnv);
  const client = new SecretsManagerClient(clientSettings);
  const rotation = { secretArn: WEBHOOK_KEYS_ARN, afterMs: Number(ROTATE_AFTER_DAYS) * DAY_MS };
  return () => (timeMs: number) => rotateSecret(client, rotation, timeMs);
};

export const handler = job(createRotation, (timeMs, rotate) => rotate(timeMs));
