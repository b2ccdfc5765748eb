import { GetParameterCommand, ParameterNotFound, PutParameterCommand, SSMClient } from '@aws-sdk/client-ssm';
import { clientOptions, type Deployment } from './settings.ts';

/**
 * Recorded instead of a fingerprint if `--watch` has updated functions, since CloudFormation does not know that code.
 */
export const WATCHED = 'watched';

// Stored in the engine and not in a file beside it, so that after a crash the record is exactly as old as the stacks.
const parameterName = ({ stage }: Deployment) => `/oncebox/${stage}/deployed`;
const createClient = ({ endpoint }: Deployment) => new SSMClient(clientOptions(endpoint));

/** Returns the fingerprint of the deployed app, or undefined if no deploy has finished. */
export async function deployedFingerprint(deployment: Deployment): Promise<string | undefined> {
  try {
    const command = new GetParameterCommand({ Name: parameterName(deployment) });
    return (await createClient(deployment).send(command)).Parameter?.Value;
  } catch (error) {
    if (error instanceof ParameterNotFound) return undefined;
    throw error;
  }
}

export async function recordDeployed(deployment: Deployment, fingerprint: string): Promise<void> {
  const parameter = { Name: parameterName(deployment), Value: fingerprint, Type: 'String', Overwrite: true } as const;
  await createClient(deployment).send(new PutParameterCommand(parameter));
}
