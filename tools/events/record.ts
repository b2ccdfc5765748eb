/**
 * Records the schemas of all events as they are declared now, by `npm run events`. A schema with new optional fields
 * gets a new revision with a sample of its own. Recorded files are never changed, so that contract tests can check each
 * schema against a message of each form that was ever sent.
 */
import { copyFileSync, mkdirSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { printError, UserError } from '../user-error.ts';
import { findDeclaredEvents, root } from './declared-events.ts';
import type { JsonSchema } from './json-schema.ts';
import {
  envelopeSchema,
  fieldsMissingInSample,
  fileExists,
  findProblem,
  HASHES_FILE,
  hashOf,
  latestRevision,
  type RecordedSchema,
  readHashes,
  toRecordedSchema,
} from './revisions.ts';

const writeJson = (file: string, value: unknown): void => {
  mkdirSync(dirname(join(root, file)), { recursive: true });
  writeFileSync(join(root, file), `${JSON.stringify(value, null, 2)}\n`);
};

/** The next revision of a schema. */
interface Recording {
  readonly file: string;
  readonly schema: JsonSchema;
  readonly sample: string | undefined;
}

/** Returns the next revision of a schema, or nothing if the schema is recorded. Throws if it cannot be recorded. */
function nextRevision(recorded: RecordedSchema): Recording[] {
  const found = findProblem(recorded);
  if (!found) return [];
  if (!found.isRecordable) throw new UserError(found.problem, found.remedy);
  const { current, schemaFile, sampleFile } = recorded;
  const revision = latestRevision(recorded) + 1;
  if (sampleFile) copySample(sampleFile(revision - 1), sampleFile(revision));
  return [{ file: schemaFile(revision), schema: current, sample: sampleFile?.(revision) }];
}

/** Creates the sample of a new revision as a copy of the one before, unless it exists. */
function copySample(sampleBefore: string, sample: string): void {
  if (!fileExists(sample) && fileExists(sampleBefore)) copyFileSync(join(root, sampleBefore), join(root, sample));
}

/** Throws unless each sample exists and has every field of its schema. */
function checkSamples(recordings: readonly Recording[]): void {
  const problems = recordings.flatMap(({ sample, schema }) => {
    if (sample === undefined) return [];
    if (!fileExists(sample)) return [`There is no ${sample}.`];
    const missing = fieldsMissingInSample(sample, schema);
    return missing.length > 0 ? [`${sample} lacks ${missing.join(', ')}.`] : [];
  });
  if (problems.length > 0)
    throw new UserError(problems.join('\n  '), 'Complete the samples, and run npm run events again.');
}

/** Writes the schemas, and the hashes of the schemas and their samples. Returns these files. */
function write(recordings: readonly Recording[]): string[] {
  for (const { file, schema } of recordings) writeJson(file, schema);
  const files = recordings.flatMap(({ file, sample }) => (sample === undefined ? [file] : [file, sample]));
  const hashes = { ...readHashes(), ...Object.fromEntries(files.map((file) => [file, hashOf(file)])) };
  if (files.length > 0) writeJson(HASHES_FILE, Object.fromEntries(Object.entries(hashes).toSorted()));
  return files;
}

try {
  const events = (await findDeclaredEvents()).map(toRecordedSchema);
  const recordings = [envelopeSchema, ...events].flatMap(nextRevision);
  checkSamples(recordings);
  const files = write(recordings);
  console.log(files.length > 0 ? files.join('\n') : 'All schemas of events are recorded.');
} catch (error) {
  printError(error);
  process.exitCode = 1;
}
