import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientOptions, type Deployment } from './settings.ts';

/** Recorded instead of a fingerprint if `--watch` has updated functions, since CloudFormation does not know that code. */
export const WATCHED = 'watched';

// Stored in the engine and not in a file beside it, so that after a crash the record is exactly as old as the stacks.
const parameterName = ({ stage }: Deployment) => `/oncebox/${stage}/deployed`;

/** Returns the fingerprint of the deployed app, or undefined if no deploy has finished. */
export async function deployedFingerprint(deployment: Deployment): Promise<string | undefined> {
  try {
    const { Parameter } = await createClient(deployment).send(
      new GetParameterCommand({ Name: parameterName(deployment) }),
    );
    return Parameter?.Value;
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

export async function recordDeployed(deployment: Deployment, fingerprint: string): Promise<void> {
  await createClient(deployment).send(
    new PutParameterCommand({
      Name: parameterName(deployment),
      Value: fingerprint,
      Type: 'String',
      Overwrite: true,
    }),
  );
}

function createClient({ endpoint }: Deployment): SSMClient {
  return new SSMClient(clientOptions(endpoint));
}
