import { createHash, randomBytes } from 'node:crypto';
import {
  GetSecretValueCommand,
  PutSecretValueCommand,
  ResourceExistsException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { logger } from './observability.ts';

const KEY_BYTES = 48;

interface Rotation {
  readonly secretArn: string;
  /** The age at which the current version is replaced. */
  readonly afterMs: number;
}

/**
 * Writes a new version of a secret if the current one is old enough, and returns whether it did. Secrets Manager then
 * labels the version before as the previous one. The id of the new version derives from the id of the current one, so
 * each version has only one successor: a second run at the same time cannot replace the version that receivers know.
 */
export async function rotateSecret(
  client: Pick<SecretsManagerClient, 'send'>,
  { secretArn, afterMs }: Rotation,
  nowMs: number,
): Promise<boolean> {
  const { VersionId, CreatedDate } = await client.send(new GetSecretValueCommand({ SecretId: secretArn }));
  if (!VersionId || !CreatedDate) throw new Error(`the secret ${secretArn} has no current version`);
  if (nowMs - CreatedDate.getTime() < afterMs) return false;
  try {
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretArn,
        ClientRequestToken: successorId(VersionId),
        SecretString: randomBytes(KEY_BYTES).toString('base64url'),
      }),
    );
  } catch (error) {
    // Another run has created the successor with a value of its own.
    if (error instanceof ResourceExistsException) return false;
    throw error;
  }
  logger.info('secret rotated', { secret: secretArn });
  return true;
}

/** Returns the id of the version that follows a version. Secrets Manager requires 32 to 64 characters. */
const successorId = (versionId: string): string =>
  createHash('sha256').update(`successor of ${versionId}`).digest('hex');
