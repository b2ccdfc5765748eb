import type { SQSRecord } from 'aws-lambda';
import type * as z from 'zod/mini';
import { Envelope, type EventDefinition, type EventOf } from '../../../events/envelope.ts';
import { PoisonMessage } from '../runtime/errors.ts';
import '../runtime/validation-messages.ts';

/** A message and the event that it brought. */
export interface ReceivedEvent<E extends EventDefinition> {
  readonly record: SQSRecord;
  readonly event: EventOf<E>;
}

/** What is not our envelope, not one of these events, or not of their schema, can never succeed. */
export function parseEvent<E extends EventDefinition>(on: readonly E[], body: string): EventOf<E> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw new PoisonMessage(`not JSON: ${(error as Error).message}`);
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw new PoisonMessage(`not our envelope: ${describeIssues(envelope.error)}`);
  const { type, version } = envelope.data;
  // a new version stands beside the old one until nobody sends that any more
  const versions = on.filter((one) => one.type === type);
  if (versions.length === 0) throw new PoisonMessage(`${type} is not for this queue`);
  const definition = versions.find((one) => one.version === version);
  if (!definition) throw new PoisonMessage(`${type} version ${version} is unknown here`);
  // the queue's rule matches sources and types apart from each other
  if (definition.source !== envelope.data.source)
    throw new PoisonMessage(`${type} is not for ${envelope.data.source} to state`);
  const data = definition.schema.safeParse(envelope.data.data);
  if (!data.success) throw new PoisonMessage(`${type} breaks its schema: ${describeIssues(data.error)}`);
  return { ...envelope.data, data: data.data } as EventOf<E>;
}

const describeIssues = (error: z.core.$ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');

/** How long an event has been under way: since the relay sent it, for one that came by the relay. */
export const ageMsOf = (event: Envelope, now: number): number => now - Date.parse(event.published_at ?? event.time);

/** Groups run side by side, so each line says itself whom it is about. */
export const correlationFields = (event: Envelope | undefined) =>
  event ? { correlation_id: event.correlation_id, event_id: event.id } : {};
