import {
  CloudFormationClient,
  DescribeStackEventsCommand,
  ListStacksCommand,
  type StackEvent,
} from '@aws-sdk/client-cloudformation';
import { UserError } from '../tools/user-error.ts';
import { isMissingStack } from './cloudformation.ts';
import { clientOptions, type Deployment } from './settings.ts';

export type FailedDeploy = Deployment & { startedAt: Date; output: string; log: string };

/** Names the resource that failed and its reason, from the stack events. If no stack failed, quotes the CDK CLI. */
export async function toDeployError(failed: FailedDeploy): Promise<UserError> {
  const remedy = `The full output is in ${failed.log}`;
  const event = firstFailure(await readEvents(failed));
  if (event) {
    return new UserError(
      `The deploy failed at ${event.LogicalResourceId} (${event.ResourceType}) of ${event.StackName}: ${event.ResourceStatusReason}`,
      remedy,
    );
  }
  return new UserError(`cdk failed: ${mostInformativeLine(failed.output)}`, remedy);
}

async function readEvents(failed: FailedDeploy): Promise<StackEvent[]> {
  const client = new CloudFormationClient(clientOptions(failed.endpoint));
  const { StackSummaries: stacks = [] } = await client.send(new ListStacksCommand({}));
  const names = stacks
    .map((stack) => stack.StackName ?? '')
    .filter((name) => name.startsWith(`oncebox-${failed.stage}-`) || name === 'CDKToolkit');
  const events: StackEvent[] = [];
  for (const StackName of new Set(names)) {
    const page = await client.send(new DescribeStackEventsCommand({ StackName })).catch((error: unknown) => {
      // A stack whose creation failed may have been deleted already.
      if (isMissingStack(error)) return { StackEvents: [] };
      throw error;
    });
    events.push(...(page.StackEvents ?? []));
  }
  // The engine truncates times to seconds, so events up to one second earlier are included.
  return events.filter((event) => (event.Timestamp?.getTime() ?? 0) >= failed.startedAt.getTime() - 1_000);
}

/**
 * Returns the event of the first resource that failed. Resources that were cancelled because of it follow later, and
 * the events of stacks only repeat its reason.
 */
export function firstFailure(events: readonly StackEvent[]): StackEvent | undefined {
  const failures = events.filter(
    (event) => /_FAILED$/.test(event.ResourceStatus ?? '') && !/cancelled/i.test(event.ResourceStatusReason ?? ''),
  );
  const oldestFirst = failures.sort((a, b) => (a.Timestamp?.getTime() ?? 0) - (b.Timestamp?.getTime() ?? 0));
  return oldestFirst.find((event) => event.ResourceType !== 'AWS::CloudFormation::Stack') ?? oldestFirst[0];
}

// Most informative first: an error with its reason, an error class of the CDK, the CLI's line with ❌.
const ERROR_PATTERNS = [/^\w*Error: /, /^«\w+»/, /^❌/];

/** Returns the line of a failed command that names its error, not a stack frame. */
export function mostInformativeLine(output: string): string {
  const lines = output.split('\n').map((line) => line.trim().replace(/^‣ /, ''));
  const messages = lines.filter((line) => line !== '' && !/^at |^Node\.js v|Subprocess exited/.test(line));
  for (const pattern of ERROR_PATTERNS) {
    const message = messages.find((line) => pattern.test(line));
    if (message) return message.slice(0, 400);
  }
  return (messages.at(-1) ?? 'no output').slice(0, 400);
}
