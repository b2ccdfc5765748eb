import { CloudWatchLogsClient, paginateFilterLogEvents } from '@aws-sdk/client-cloudwatch-logs';
import {
  GetEventSourceMappingCommand,
  InvokeCommand,
  LambdaClient,
  UpdateEventSourceMappingCommand,
  UpdateFunctionConfigurationCommand,
} from '@aws-sdk/client-lambda';
import { functionName, listMappings, stateOf } from '../../bin/ops/event-source-mappings.ts';
import { switchAndWait } from '../../bin/ops/switch-consumer.ts';
import { createTarget } from '../../bin/ops/target.ts';
import type { EventDefinition } from '../../events/envelope.ts';
import { clientOptions } from '../../localstack/settings.ts';
import { parseJson } from '../../tools/json.ts';
import { textOf, urlOf } from './source-tree.ts';

/** A queue and the function that consumes it, by their names without the stage. */
export interface Consumer {
  readonly queue: string;
  readonly function: string;
  readonly mapping: string;
}

/** An invocation and its two repetitions. */
const MAX_ASYNC_INVOCATIONS = 3;

/** Gives tests direct access to the functions of the engine under test, and to the consumers among them. */
export class EngineFunctions {
  readonly #lambda: LambdaClient;
  readonly #logs: CloudWatchLogsClient;
  readonly #target = createTarget({ stage: 'test', onAws: false });

  constructor(endpoint: string) {
    this.#lambda = new LambdaClient(clientOptions(endpoint));
    this.#logs = new CloudWatchLogsClient(clientOptions(endpoint));
  }

  async consumers(): Promise<Consumer[]> {
    const mappings = await listMappings(this.#lambda, this.#target);
    return mappings.flatMap((mapping) => {
      const { EventSourceArn = '', UUID = '' } = mapping;
      if (!EventSourceArn.includes(':sqs:')) return [];
      const queue = this.#target.short(EventSourceArn.split(':')[5] ?? '');
      return [{ queue, function: functionName(mapping, this.#target), mapping: UUID }];
    });
  }

  async setEnabled({ mapping: UUID }: Consumer, isEnabled: boolean): Promise<void> {
    const mapping = {
      readState: async () => stateOf(await this.#lambda.send(new GetEventSourceMappingCommand({ UUID }))),
      setState: async () => {
        await this.#lambda.send(new UpdateEventSourceMappingCommand({ UUID, Enabled: isEnabled }));
      },
    };
    await switchAndWait(mapping, isEnabled ? 'running' : 'stopped', new AbortController().signal, { intervalMs: 25 });
  }

  /**
   * Calls a function as its schedule would at this time. A schedule invokes it asynchronously, so Lambda repeats a
   * failed invocation twice. Throws if the function has failed each time.
   */
  async runJob(name: string, time: Date): Promise<void> {
    const command = new InvokeCommand({
      FunctionName: this.#target.name(name),
      Payload: JSON.stringify({ time: time.toISOString() }),
    });
    for (let invocation = 1; invocation <= MAX_ASYNC_INVOCATIONS; invocation++) {
      const { FunctionError, Payload } = await this.#lambda.send(command);
      if (!FunctionError) return;
      if (invocation === MAX_ASYNC_INVOCATIONS) throw new Error(`${name} failed: ${new TextDecoder().decode(Payload)}`);
    }
  }

  /** Ends the execution environments of a function, so that its next call starts a new one. */
  async endEnvironments(name: string): Promise<void> {
    const change = { FunctionName: this.#target.name(name), Description: `Restarted at ${new Date().toISOString()}` };
    await this.#lambda.send(new UpdateFunctionConfigurationCommand(change));
  }

  /** Adds up the numbers in a function's log lines since a time, by name: `{ requeued: 1, ChaosFailures: 2, … }`. */
  async countsSince(name: string, startTime: number): Promise<Record<string, number>> {
    const counts: Record<string, number> = {};
    const input = { logGroupName: `/aws/lambda/${this.#target.name(name)}`, startTime };
    for await (const { events = [] } of paginateFilterLogEvents({ client: this.#logs }, input))
      for (const { message = '' } of events)
        for (const [key, value] of Object.entries((parseJson(message) ?? {}) as Record<string, unknown>))
          for (const number of [value].flat())
            if (typeof number === 'number') counts[key] = (counts[key] ?? 0) + number;
    return counts;
  }
}

/** Returns a sample of an event that the consumer handles. */
export async function sampleFor({ function: name }: Consumer): Promise<string> {
  const [, context = '', file = ''] = /^([a-z]+)-(.+)$/.exec(name) ?? [];
  const { handler } = (await import(urlOf(`lambdas/${context}/${file}.ts`))) as {
    handler: { events: readonly EventDefinition[] };
  };
  const [event] = handler.events;
  if (!event) throw new Error(`${name} handles no event`);
  const kebab = event.type.replaceAll(/(?<!^)[A-Z]/g, (letter) => `-${letter}`).toLowerCase();
  return textOf(`events/${event.source}/samples/${kebab}.v${event.version}.json`);
}
