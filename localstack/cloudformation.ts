import { CloudFormationClient, DescribeStacksCommand, type Stack } from '@aws-sdk/client-cloudformation';
import { clientOptions } from './settings.ts';

export async function findStack(endpoint: string, name: string): Promise<Stack | undefined> {
  const client = new CloudFormationClient(clientOptions(endpoint));
  try {
    return (await client.send(new DescribeStacksCommand({ StackName: name }))).Stacks?.[0];
  } catch (error) {
    if (isMissingStack(error)) return undefined;
    throw error;
  }
}

/** CloudFormation has no error code of its own for a missing stack, only a ValidationError with this text. */
export function isMissingStack(error: unknown): boolean {
  return error instanceof Error && /does not exist/.test(error.message);
}
