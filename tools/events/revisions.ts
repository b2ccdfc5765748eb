import { createHash } from 'node:crypto';
import { existsSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { Envelope } from '../../events/envelope.ts';
import { type DeclaredEvent, kebabCase, root } from './declared-events.ts';
import { compareSchemas, type JsonSchema, missingFields, toJsonSchema } from './json-schema.ts';

/**
 * A schema whose revisions are recorded: the data of an event, or the envelope. Revision 1 is what was sent first. Each
 * later revision adds optional fields. Messages of all revisions may be in queues, so the files of a revision stay.
 */
export interface RecordedSchema {
  /** For example `OrderCreated, version 1`. */
  readonly title: string;
  /** The schema as it is declared now. */
  readonly current: JsonSchema;
  readonly schemaFile: (revision: number) => string;
  /** The sample of a revision. The envelope has none, since every sample has an envelope. */
  readonly sampleFile?: (revision: number) => string;
  /** Says how to make a change that is more than a new optional field. */
  readonly wayToChange: string;
}

/** The hashes of all recorded files. They show whether a file was changed after it was recorded. */
export const HASHES_FILE = 'events/recorded.json';

const revisionSuffix = (revision: number): string => (revision === 1 ? '' : `.r${revision}`);

export function toRecordedSchema({ event }: DeclaredEvent): RecordedSchema {
  const { source, type, version } = event;
  const name = `${kebabCase(type)}.v${version}`;
  const nextVersion = `events/${source}/${kebabCase(type)}-v${version + 1}.ts`;
  return {
    title: `${type}, version ${version}`,
    current: toJsonSchema(event.schema),
    schemaFile: (revision) => `events/${source}/schemas/${name}${revisionSuffix(revision)}.json`,
    sampleFile: (revision) => `events/${source}/samples/${name}${revisionSuffix(revision)}.json`,
    wayToChange: `Undo the change and declare it as version ${version + 1} in ${nextVersion}, beside version ${version}.`,
  };
}

export const envelopeSchema: RecordedSchema = {
  title: 'the envelope',
  current: toJsonSchema(Envelope),
  schemaFile: (revision) => `events/schemas/envelope${revisionSuffix(revision)}.json`,
  wayToChange: 'Undo the change. The envelope has no versions, so only optional fields can be added to it.',
};

export const fileExists = (file: string): boolean => existsSync(join(root, file));
export const readJson = (file: string): unknown => JSON.parse(readFileSync(join(root, file), 'utf8'));

/** Returns the number of the latest recorded revision, or 0 if none is recorded. */
export function latestRevision({ schemaFile }: RecordedSchema): number {
  let revision = 0;
  while (fileExists(schemaFile(revision + 1))) revision += 1;
  return revision;
}

export const revisionsOf = (recorded: RecordedSchema): number[] =>
  Array.from({ length: latestRevision(recorded) }, (_, index) => index + 1);

/** Returns the hash of a file's content. The formatting does not count, so a formatter may change it. */
export const hashOf = (file: string): string =>
  createHash('sha256')
    .update(JSON.stringify(readJson(file)))
    .digest('hex');

export const readHashes = (): Readonly<Record<string, string>> =>
  fileExists(HASHES_FILE) ? (readJson(HASHES_FILE) as Record<string, string>) : {};

export interface RevisionProblem {
  readonly problem: string;
  readonly remedy: string;
  /** Whether `npm run events` can record the schema as a new revision. */
  readonly isRecordable: boolean;
}

/** Compares a declared schema with its latest revision. Returns what is wrong and what to do, or nothing. */
export function findSchemaProblem(
  { title, current, wayToChange }: Pick<RecordedSchema, 'title' | 'current' | 'wayToChange'>,
  latest: JsonSchema | undefined,
): RevisionProblem | undefined {
  const remedy = 'Run npm run events, do what it prints, and commit the files that it writes.';
  if (latest === undefined) return { problem: `${title}, is not recorded.`, remedy, isRecordable: true };
  const { newFields, otherChanges } = compareSchemas(latest, current);
  if (otherChanges.length > 0)
    return {
      problem:
        `${title}, has changed by more than new optional fields: ${otherChanges.join('; ')}. During a deployment, ` +
        'consumers with the schema before would dead-letter new messages, or consumers with the new one old messages.',
      remedy:
        `${wayToChange} If the latest revision was never deployed, delete its files and their lines in ` +
        `${HASHES_FILE} instead, and run npm run events.`,
      isRecordable: false,
    };
  if (newFields.length === 0) return undefined;
  const problem = `${title}, has new optional fields that are not recorded: ${newFields.join(', ')}.`;
  return { problem, remedy, isRecordable: true };
}

export const findProblem = (recorded: RecordedSchema): RevisionProblem | undefined => {
  const revision = latestRevision(recorded);
  return findSchemaProblem(recorded, revision === 0 ? undefined : schemaOfRevision(recorded, revision));
};

export const schemaOfRevision = ({ schemaFile }: RecordedSchema, revision: number): JsonSchema =>
  readJson(schemaFile(revision)) as JsonSchema;

/** Returns the fields of a schema that a sample lacks. A field that no sample has would be tested by nothing. */
export const fieldsMissingInSample = (sampleFile: string, schema: JsonSchema): string[] =>
  missingFields(schema, [(readJson(sampleFile) as Envelope).data]);
