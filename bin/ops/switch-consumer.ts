import { setTimeout as pause } from 'node:timers/promises';
import { GetEventSourceMappingCommand, LambdaClient, UpdateEventSourceMappingCommand } from '@aws-sdk/client-lambda';
import { SQSClient } from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import { functionOf, mappingOf, stateIn } from './event-source-mappings.ts';
import type { Print } from './print.ts';
import { queueNamed } from './stage-queues.ts';
import type { Target } from './target.ts';

const EVERY_MS = 250;
/** AWS takes up to a minute for it. */
const TIMEOUT_MS = 180_000;

export type Wanted = 'running' | 'stopped';

/** A consumer's mapping, as something that can be asked and turned. */
export interface ConsumerSwitch {
  state(): Promise<string>;
  turn(wanted: Wanted): Promise<void>;
}

/** Stops or starts the consumer of a queue, and answers once it is so. */
export async function switchConsumer(
  given: string,
  wanted: Wanted,
  { target, print, signal }: { target: Target; print: Print; signal: AbortSignal },
): Promise<undefined> {
  const lambda = new LambdaClient({});
  const sqs = new SQSClient({});
  const queue = await queueNamed(sqs, target, given);
  const { mapping, id: UUID } = await mappingOf(lambda, sqs, target, queue);
  const { state, changed } = await waitForState(
    {
      state: async () => stateIn(await lambda.send(new GetEventSourceMappingCommand({ UUID }))),
      turn: async (to) => {
        await lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: to === 'running' }));
      },
    },
    wanted,
    signal,
  );
  print.result({ queue: queue.name, function: functionOf(mapping, target), state, changed }, () =>
    changed ? `${queue.name} is ${state}.` : `${queue.name} was ${state} already.`,
  );
  return undefined;
}

/**
 * Turns it once whatever it was doing is over, for a mapping that changes takes no other change, and waits until it is
 * as it was wanted.
 */
export async function waitForState(
  { state, turn }: ConsumerSwitch,
  wanted: Wanted,
  signal: AbortSignal,
  { everyMs = EVERY_MS, patienceMs = TIMEOUT_MS } = {},
): Promise<{ state: string; changed: boolean }> {
  const until = Date.now() + patienceMs;
  let changed = false;
  for (;;) {
    const seen = await state();
    if (seen === wanted || signal.aborted) return { state: seen, changed };
    if (!changed && isAtRest(seen)) {
      await turn(wanted);
      changed = true;
    }
    if (Date.now() > until)
      throw new UserError(`It is still ${seen}.`, 'npm run ops -- consumers says when it has changed.');
    await pause(everyMs, undefined, { signal }).catch(() => undefined);
  }
}

const isAtRest = (state: string): boolean => state === 'running' || state === 'stopped';
