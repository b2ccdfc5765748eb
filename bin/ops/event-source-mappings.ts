import {
  type EventSourceMappingConfiguration,
  type LambdaClient,
  paginateListEventSourceMappings,
} from '@aws-sdk/client-lambda';
import { GetQueueAttributesCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { UserError } from '../../tools/user-error.ts';
import type { WorkQueue } from './stage-queues.ts';
import type { Target } from './target.ts';

/** Who works on a queue, and whether. */
export interface Consumer {
  readonly queue: string;
  readonly function: string;
  readonly state: string;
}

/** What Lambda calls the states of a mapping, and what an operator does. */
const STATES: Readonly<Record<string, string>> = {
  Enabled: 'running',
  Disabled: 'stopped',
  Enabling: 'starting',
  Disabling: 'stopping',
};

/** The stage's mappings: all of them, or those that one thing feeds. */
export async function mappingsOf(
  client: LambdaClient,
  target: Target,
  EventSourceArn?: string,
): Promise<EventSourceMappingConfiguration[]> {
  const found: EventSourceMappingConfiguration[] = [];
  const input = EventSourceArn === undefined ? {} : { EventSourceArn };
  for await (const { EventSourceMappings = [] } of paginateListEventSourceMappings({ client }, input))
    found.push(...EventSourceMappings.filter((one) => nameIn(one).startsWith(`${target.name()}-`)));
  return found;
}

const nameIn = ({ FunctionArn = '' }: EventSourceMappingConfiguration): string => FunctionArn.split(':')[6] ?? '';
export const functionOf = (mapping: EventSourceMappingConfiguration, target: Target): string =>
  target.short(nameIn(mapping));

/** The queue's own mapping: there is one, since a queue has one function. */
export async function mappingOf(lambda: LambdaClient, sqs: SQSClient, target: Target, { name, url }: WorkQueue) {
  const { Attributes } = await sqs.send(new GetQueueAttributesCommand({ QueueUrl: url, AttributeNames: ['QueueArn'] }));
  const [mapping] = await mappingsOf(lambda, target, Attributes?.QueueArn);
  if (!mapping?.UUID)
    throw new UserError(`Nobody works on queue ${name}.`, 'npm run ops -- doctor says what else is missing.');
  return { mapping, id: mapping.UUID };
}

/** Mappings of queues only, as an operator reads them. */
export const consumersIn = (mappings: readonly EventSourceMappingConfiguration[], target: Target): Consumer[] =>
  mappings
    .filter(({ EventSourceArn = '' }) => EventSourceArn.includes(':sqs:'))
    .map((mapping) => ({
      queue: target.short(mapping.EventSourceArn?.split(':')[5] ?? ''),
      function: functionOf(mapping, target),
      state: stateIn(mapping),
    }))
    .sort((one, other) => (one.queue < other.queue ? -1 : 1));

export const stateIn = ({ State = 'unknown' }: Pick<EventSourceMappingConfiguration, 'State'>): string =>
  STATES[State] ?? State.toLowerCase();
