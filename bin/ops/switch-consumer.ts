import { GetEventSourceMappingCommand, LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { createSqsClient } from '../../lambdas/shared/runtime/sqs-client.ts';
import { UserError } from '../../tools/user-error.ts';
import { findMapping, functionName, stateOf } from './event-source-mappings.ts';
import type { Printer } from './print.ts';
import { findQueue } from './stage-queues.ts';
import type { Target } from './target.ts';
import { pause } from './watch.ts';

const INTERVAL_MS = 250;
/** AWS takes up to a minute to stop or start a mapping. */
const TIMEOUT_MS = 180_000;

export type DesiredState = 'running' | 'stopped';

/** Stops or starts the consumer of a queue, and returns when its mapping has reached the state. */
export async function switchConsumer(
  queueName: string,
  desired: DesiredState,
  { target, print, signal }: { target: Target; print: Printer; signal: AbortSignal },
): Promise<undefined> {
  const lambda = new LambdaClient({});
  const sqs = createSqsClient();
  const queue = await findQueue(sqs, target, queueName);
  const { mapping, uuid: UUID } = await findMapping(lambda, sqs, target, queue);
  const { state, changed } = await switchAndWait(
    {
      readState: async () => stateOf(await lambda.send(new GetEventSourceMappingCommand({ UUID }))),
      setState: async (newState) => {
        await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: newState === 'running' }));
      },
    },
    desired,
    signal,
  );
  print.result({ queue: queue.name, function: functionName(mapping, target), state, changed }, () =>
    changed ? `The consumer of ${queue.name} is ${state}.` : `The consumer of ${queue.name} was already ${state}.`,
  );
  return undefined;
}

/**
 * Sets the desired state and waits until the mapping has reached it. A mapping that is changing accepts no other
 * change, so the state is set when the current change is complete.
 */
export async function switchAndWait(
  { readState, setState }: { readState(): Promise<string>; setState(desired: DesiredState): Promise<void> },
  desired: DesiredState,
  signal: AbortSignal,
  { intervalMs = INTERVAL_MS, timeoutMs = TIMEOUT_MS } = {},
): Promise<{ state: string; changed: boolean }> {
  const deadlineMs = Date.now() + timeoutMs;
  let changed = false;
  for (;;) {
    const state = await readState();
    if (state === desired || signal.aborted) return { state, changed };
    if (!changed && isStable(state)) {
      await setState(desired);
      changed = true;
    }
    if (Date.now() > deadlineMs)
      throw new UserError(
        `The consumer is still ${state} after ${timeoutMs / 1000} s.`,
        'Run npm run ops -- consumers to see when its state has changed.',
      );
    await pause(intervalMs, signal);
  }
}

const isStable = (state: string): boolean => state === 'running' || state === 'stopped';
