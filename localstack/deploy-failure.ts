import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  ListStacksCommand,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { UserError } from '../tools/user-error.ts';
import { clientOptions } from './settings.ts';

export type FailedDeploy = { endpoint: string; stage: string; since: Date; output: string; log: string };

/** Says which resource failed and why, from the stack's events; where no stack is to blame, what the CLI said last. */
export async function toDeployError(failed: FailedDeploy): Promise<UserError> {
  const wayOut = `All that the CLI said: ${failed.log}`;
  const event = firstFailure(await eventsSince(failed));
  if (event) {
    return new UserError(
      `The deploy failed at ${event.LogicalResourceId} (${event.ResourceType}) of ${event.StackName}: ${event.ResourceStatusReason}`,
      wayOut,
    );
  }
  return new UserError(`cdk failed: ${mostInformativeLine(failed.output)}`, wayOut);
}

async function eventsSince(failed: FailedDeploy): Promise<StackEvent[]> {
  const client = new CloudFormationClient(clientOptions(failed.endpoint));
  const { StackSummaries: stacks = [] } = await client.send(new ListStacksCommand({}));
  const names = stacks.map((stack) => stack.StackName ?? '');
  const ours = names.filter((name) => name.startsWith(`oncebox-${failed.stage}-`) || name === 'CDKToolkit');
  const events: StackEvent[] = [];
  for (const StackName of new Set(ours)) {
    const answer = await client.send(new DescribeStackEventsCommand({ StackName })).catch((error: unknown) => {
      // A stack that failed at its creation may be gone again already.
      if (error instanceof Error && /does not exist/.test(error.message)) return { StackEvents: [] };
      throw error;
    });
    events.push(...(answer.StackEvents ?? []));
  }
  // The engine keeps whole seconds.
  return events.filter((event) => (event.Timestamp?.getTime() ?? 0) >= failed.since.getTime() - 1_000);
}

/** The first resource that failed by itself; those cancelled because of it come later, and stacks only repeat it. */
export function firstFailure(events: readonly StackEvent[]): StackEvent | undefined {
  const failures = events.filter(
    (event) => /_FAILED$/.test(event.ResourceStatus ?? '') && !/cancelled/i.test(event.ResourceStatusReason ?? ''),
  );
  const oldestFirst = failures.sort((a, b) => (a.Timestamp?.getTime() ?? 0) - (b.Timestamp?.getTime() ?? 0));
  return oldestFirst.find((event) => event.ResourceType !== 'AWS::CloudFormation::Stack') ?? oldestFirst[0];
}

// What says most comes first: an error with its reason, CDK's own kind of error, then the CLI's verdict.
const TELLING = [/^\w*Error: /, /^«\w+»/, /^❌/];

/** The line of a failed command that says most: its error, not the frames under it. */
export function mostInformativeLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim().replace(/^‣ /, ''));
  const spoken = lines.filter((line) => line !== '' && !/^at |^Node\.js v|Subprocess exited/.test(line));
  for (const pattern of TELLING) {
    const line = spoken.find((candidate) => pattern.test(candidate));
    if (line) return line.slice(0, 400);
  }
  return (spoken.at(-1) ?? 'it said nothing').slice(0, 400);
}
