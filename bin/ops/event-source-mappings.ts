import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import type { WorkQueue } from './stage-queues.ts';
import type { Target } from './target.ts';

/** The names of Lambda's mapping states for an operator. Other states keep their name in lower case. */
const STATES: Readonly<Record<string, string>> = {
  Enabled: 'running',
  Disabled: 'stopped',
  Enabling: 'starting',
  Disabling: 'stopping',
};

export async function listMappings(client: LambdaClient, target: Target, EventSourceArn?: string) {
  const mappings: EventSourceMappingConfiguration[] = [];
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, { EventSourceArn }))
    mappings.push(...EventSourceMappings.filter((mapping) => physicalName(mapping).startsWith(`${target.name()}-`)));
  return mappings;
}

const physicalName = ({ FunctionArn = '' }: EventSourceMappingConfiguration): string => FunctionArn.split(':')[6] ?? '';

export const functionName = (mapping: EventSourceMappingConfiguration, target: Target): string =>
  target.short(physicalName(mapping));

/** Finds the mapping of a queue. There is one, because a queue has one consumer. */
export async function findMapping(lambda: LambdaClient, sqs: SQSClient, target: Target, { name, url }: WorkQueue) {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  const [mapping] = await listMappings(lambda, target, Attributes?.QueueArn);
  if (!mapping?.UUID)
    throw new UserError(`Queue ${name} has no consumer.`, 'Run npm run ops -- doctor to see what is missing.');
  return { mapping, uuid: mapping.UUID };
}

/**
 * Returns the function that consumes each queue, and the state of its mapping. Mappings of table streams are left out.
 */
export const toConsumers = (mappings: readonly EventSourceMappingConfiguration[], target: Target) =>
  mappings
    .filter(({ EventSourceArn = '' }) => EventSourceArn.includes(':sqs:'))
    .map((mapping) => ({
      queue: target.short(mapping.EventSourceArn?.split(':')[5] ?? ''),
      function: functionName(mapping, target),
      state: stateOf(mapping),
    }))
    .sort((a, b) => (a.queue < b.queue ? -1 : 1));

export const stateOf = ({ State = 'unknown' }: Pick<EventSourceMappingConfiguration, 'State'>): string =>
  STATES[State] ?? State.toLowerCase();
