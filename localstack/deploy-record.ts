import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientOptions } from './settings.ts';

type At = { endpoint: string; stage: string };

/** The functions' code came from a watcher, not from a deploy: CloudFormation does not know it. */
export const WATCHED = 'watched';

// Kept in the engine, not in a file beside it: after a crash the record is exactly as old as the stacks are.
const name = ({ stage }: At) => `/oncebox/${stage}/deployed`;

/** The fingerprint of what the engine holds; undefined where nothing was deployed to the end. */
export async function deployedFingerprint(at: At): Promise<string | undefined> {
  try {
    const answer = await client(at).send(new GetParameterCommand({ Name: name(at) }));
    return answer.Parameter?.Value;
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

export async function rememberDeployed(at: At, fingerprint: string): Promise<void> {
  await client(at).send(
    new PutParameterCommand({ Name: name(at), Value: fingerprint, Type: 'String', Overwrite: true }),
  );
}

export async function rememberWatched(at: At): Promise<void> {
  await rememberDeployed(at, WATCHED);
}

function client({ endpoint }: At): SSMClient {
  return new SSMClient(clientOptions(endpoint));
}
