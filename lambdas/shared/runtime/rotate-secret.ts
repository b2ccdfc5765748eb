import { createHash, randomBytes } from 'node:crypto';
import {
  PutSecretValueCommand,
  paginateListSecretVersionIds,
  ResourceExistsException,
  type SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { logger } from './observability.ts';

const KEY_BYTES = 48;
const DAY_MS = 24 * 3_600_000;
/** How long a version counts as new: at least one run of an hourly or more frequent schedule sees it. */
const NEW_FOR_MS = 3_600_000;
/** A version is replaced by the first run after its time, and by a later one if that fails. */
const MAX_DELAY_MS = DAY_MS;

interface Rotation {
  readonly secretArn: string;
  /** The age at which the current version is replaced. */
  readonly afterMs: number;
}

interface Version {
  readonly id: string;
  readonly createdMs: number;
}

/** The versions of a secret that are valid, without their values. */
export interface ValidVersions {
  readonly current: Version;
  readonly previous?: Version | undefined;
}

/**
 * Writes a new version of a secret if the current one is old enough. Secrets Manager then labels the version before as
 * the previous one. The id of the new version derives from the id of the current one, so each version has only one
 * successor: a second run at the same time cannot replace the version that receivers know.
 *
 * Returns whether the current version is new, so that somebody should be told. It does so for an hour, since a run may
 * end before it has told anybody.
 */
export async function rotateSecret(
  client: SecretsManagerClient,
  { secretArn, afterMs }: Rotation,
  nowMs: number,
): Promise<boolean> {
  const { current, previous } = await readValidVersions(client, secretArn);
  const ageMs = nowMs - current.createdMs;
  if (ageMs < afterMs) return previous !== undefined && ageMs < NEW_FOR_MS;
  try {
    await client.send(
      new PutSecretValueCommand({
        SecretId: secretArn,
        ClientRequestToken: successorId(current.id),
        SecretString: randomBytes(KEY_BYTES).toString('base64url'),
      }),
    );
  } catch (error) {
    if (!(error instanceof ResourceExistsException)) throw error;
    // Another run has created the successor with a value of its own, which usually is the current version by now.
    const isCurrentStill = (await readValidVersions(client, secretArn)).current.id === current.id;
    if (isCurrentStill && ageMs >= afterMs + MAX_DELAY_MS)
      throw new Error(
        `the secret ${secretArn} is not rotated: its current version ${current.id} is ${Math.floor(ageMs / DAY_MS)} days old and has a successor, so the label AWSCURRENT was moved back. Write a new version, or move the label.`,
      );
    return false;
  }
  logger.info('secret rotated', { secret: secretArn });
  return true;
}

/** Reads which versions of a secret are valid, and since when. It needs no permission to read their values. */
export async function readValidVersions(client: SecretsManagerClient, secretArn: string): Promise<ValidVersions> {
  const byLabel = new Map<string, Version>();
  for await (const { Versions = [] } of paginateListSecretVersionIds({ client }, { SecretId: secretArn }))
    for (const { VersionId, VersionStages = [], CreatedDate } of Versions)
      if (VersionId && CreatedDate)
        for (const label of VersionStages) byLabel.set(label, { id: VersionId, createdMs: CreatedDate.getTime() });
  const current = byLabel.get('AWSCURRENT');
  if (!current) throw new Error(`the secret ${secretArn} has no current version`);
  return { current, previous: byLabel.get('AWSPREVIOUS') };
}

/** Returns the id of the version that follows a version. Secrets Manager requires 32 to 64 characters. */
const successorId = (versionId: string): string =>
  createHash('sha256').update(`successor of ${versionId}`).digest('hex');
