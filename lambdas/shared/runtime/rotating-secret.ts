import { SecretsProvider } from '@aws-lambda-powertools/parameters/secrets';
import {
  GetSecretValueCommand,
  ResourceNotFoundException,
  SecretsManagerClient,
} from '@aws-sdk/client-secrets-manager';
import { clientSettings } from './client-settings.ts';

/** The valid versions of a secret: first the current one, then the previous one, if there has been a rotation. */
export type SecretVersions = readonly [current: string, previous?: string];

/**
 * Reads both valid versions of a secret as one value. `SecretsProvider` alone caches a secret by its name without the
 * staging label, so it would return the current version for the previous one, and it does not cache that there is none.
 */
class RotatingSecretsProvider extends SecretsProvider {
  protected override async _get(name: string): Promise<string> {
    // In this order, a rotation in between returns one version twice. In the other order, it would skip a version that
    // receivers may still use.
    const current = await this.#read(name, 'AWSCURRENT');
    const previous = await this.#read(name, 'AWSPREVIOUS').catch((error: unknown) => {
      if (error instanceof ResourceNotFoundException) return undefined;
      throw error;
    });
    return JSON.stringify(previous === undefined || previous === current ? [current] : [current, previous]);
  }

  async #read(SecretId: string, VersionStage: string): Promise<string> {
    const { SecretString } = await this.client.send(new GetSecretValueCommand({ SecretId, VersionStage }));
    if (!SecretString) throw new Error(`the secret ${SecretId} has no text as ${VersionStage}`);
    return SecretString;
  }
}

/**
 * Returns a function that reads a secret by its ARN, and keeps it in memory. A rotation becomes visible to a running
 * function after that time. The previous version is valid far longer.
 */
export function createSecretReader(
  secretArn: string,
  cachedForS: number,
  client: SecretsManagerClient = new SecretsManagerClient(clientSettings),
): () => Promise<SecretVersions> {
  const provider = new RotatingSecretsProvider({ awsSdkV3Client: client });
  return async () => JSON.parse(String(await provider.get(secretArn, { maxAge: cachedForS }))) as SecretVersions;
}
