import type { SQSRecord } from 'aws-lambda';
import type * as z from 'zod/mini';
import { Envelope, type EventDefinition, type EventOf } from '../../../events/envelope.ts';
import { PoisonMessage } from '../runtime/errors.ts';
import '../runtime/validation-messages.ts';

export interface ReceivedEvent<E extends EventDefinition> {
  readonly record: SQSRecord;
  readonly event: EventOf<E>;
}

/**
 * Parses a message body as one of these events. Throws `PoisonMessage` if it is none of them, since it never will be.
 */
export function parseEvent<E extends EventDefinition>(definitions: readonly E[], body: string): EventOf<E> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw new PoisonMessage(`not JSON: ${(error as Error).message}`);
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw new PoisonMessage(`not an event envelope: ${describeIssues(envelope.error)}`);
  const { type, version, source } = envelope.data;
  // Two versions of an event are consumed side by side until no publisher sends the old one.
  const versions = definitions.filter((definition) => definition.type === type);
  if (versions.length === 0) throw new PoisonMessage(`${type} is not an event of this queue`);
  const definition = versions.find((candidate) => candidate.version === version);
  if (!definition) throw new PoisonMessage(`version ${version} of ${type} is unknown`);
  // The rule of a queue matches sources and types independently, so another source could send this type.
  if (definition.source !== source) throw new PoisonMessage(`${type} may not be published by ${source}`);
  const data = definition.schema.safeParse(envelope.data.data);
  if (!data.success) throw new PoisonMessage(`${type} does not match its schema: ${describeIssues(data.error)}`);
  return { ...envelope.data, data: data.data } as EventOf<E>;
}

const describeIssues = (error: z.core.$ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');

/** Returns the log fields of an event. Groups are processed concurrently, so each log line names its own event. */
export const correlationFields = (event: Envelope | undefined) =>
  event ? { correlation_id: event.correlation_id, event_id: event.id } : {};
