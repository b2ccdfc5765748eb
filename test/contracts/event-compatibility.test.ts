import { describe, expect, test } from 'vitest';
import * as z from 'zod';
import { Envelope } from '../../events/envelope.ts';
import { Items } from '../../events/items.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { parseEvent } from '../../lambdas/shared/messaging/received-event.ts';
import { findDeclaredEvents } from '../../tools/events/declared-events.ts';
import { compareSchemas, type JsonSchema, toJsonSchema } from '../../tools/events/json-schema.ts';
import {
  envelopeSchema,
  fieldsMissingInSample,
  findProblem,
  findSchemaProblem,
  HASHES_FILE,
  hashOf,
  readHashes,
  readJson,
  revisionsOf,
  schemaOfRevision,
  toRecordedSchema,
} from '../../tools/events/revisions.ts';
import { filesOf } from '../support/source-tree.ts';

/**
 * During a deployment, publishers and consumers of two releases run side by side, and queues hold messages of earlier
 * releases for up to 14 days. So each schema that was ever recorded must accept each sample that was ever recorded.
 */
const recordedEvents = (await findDeclaredEvents()).map(({ event, ...declared }) => {
  const recorded = toRecordedSchema({ event, ...declared });
  const revisions = revisionsOf(recorded).map((revision) => ({
    revision,
    schema: schemaOfRevision(recorded, revision),
    sampleFile: recorded.sampleFile?.(revision) ?? '',
  }));
  return { title: recorded.title, event, recorded, revisions };
});
const envelopeSchemas = revisionsOf(envelopeSchema).map((revision) => schemaOfRevision(envelopeSchema, revision));

/** Returns the errors of a value by a recorded schema: an empty list if the schema accepts it. */
const errorsOf = (schema: JsonSchema, value: unknown): string[] =>
  z
    .fromJSONSchema(schema)
    .safeParse(value)
    .error?.issues.map(({ path, message }) => `${path.join('.')}: ${message}`) ?? [];

/** Adds a field that no schema declares to every object of a value. */
function withUnknownFields(value: unknown): unknown {
  if (Array.isArray(value)) return value.map(withUnknownFields);
  if (typeof value !== 'object' || value === null) return value;
  const fields = Object.entries(value).map(([name, field]) => [name, withUnknownFields(field)]);
  return { ...Object.fromEntries(fields), added_by_the_next_release: true };
}

describe.each(recordedEvents)('$title,', ({ event, recorded, revisions }) => {
  test('is recorded as it is declared (otherwise the text says what to do)', () => {
    const { problem, remedy } = findProblem(recorded) ?? {};
    expect([problem, remedy].filter(Boolean).join('\n')).toBe('');
  });

  test('has a sample with every field for each revision', () => {
    expect(revisions.length).toBeGreaterThan(0);
    for (const { sampleFile, schema } of revisions)
      expect(fieldsMissingInSample(sampleFile, schema), `fields missing in ${sampleFile}`).toEqual([]);
  });

  test('is accepted by its schema today, whichever release has sent it', () => {
    for (const { sampleFile } of revisions) {
      const sample = JSON.stringify(readJson(sampleFile));
      expect(parseEvent([event], sample), sampleFile).toEqual(JSON.parse(sample));
    }
  });

  test('is accepted by the schemas of all earlier releases', () => {
    for (const { sampleFile } of revisions) {
      const sample = Envelope.parse(readJson(sampleFile));
      for (const { revision, schema } of revisions)
        expect(errorsOf(schema, sample.data), `${sampleFile} by revision ${revision}`).toEqual([]);
      for (const schema of envelopeSchemas) expect(errorsOf(schema, readJson(sampleFile)), sampleFile).toEqual([]);
    }
  });

  test('is parsed without the fields that only a newer publisher knows, at any depth', () => {
    const sample = readJson(revisions.at(-1)?.sampleFile ?? '');
    expect(parseEvent([event], JSON.stringify(withUnknownFields(sample)))).toEqual(sample);
  });
});

test('the envelope is recorded as it is declared (otherwise the text says what to do)', () => {
  const { problem, remedy } = findProblem(envelopeSchema) ?? {};
  expect([problem, remedy].filter(Boolean).join('\n')).toBe('');
});

test('no recorded schema or sample has changed since, and each belongs to an event', () => {
  const recorded = [envelopeSchema, ...recordedEvents.map((event) => event.recorded)];
  const files = recorded.flatMap((schema) =>
    revisionsOf(schema).flatMap((revision) =>
      [schema.schemaFile(revision), schema.sampleFile?.(revision) ?? []].flat(),
    ),
  );
  const actual = Object.fromEntries(files.sort().map((file) => [file, hashOf(file)]));
  const text =
    'Messages of this form may be in queues, so a recorded file is never changed. Restore it, and record the new form as ' +
    `a new revision by npm run events. If a file was deleted with its event, delete its line in ${HASHES_FILE}.`;
  expect(actual, text).toEqual(readHashes());
  expect(filesOf('events/**/schemas/*.json').sort()).toEqual(files.filter((file) => file.includes('/schemas/')).sort());
});

describe('a changed schema', () => {
  const fields = { order_id: z.string(), items: z.optional(z.array(z.object({ sku: z.string() }))) };
  const before = toJsonSchema(z.object(fields));
  const problemOf = (schema: z.ZodType) =>
    findSchemaProblem(
      { title: 'OrderCreated, version 1', current: toJsonSchema(schema), wayToChange: 'Declare version 2.' },
      before,
    );

  test('may have new optional fields, at any depth, once they are recorded', () => {
    const lines = z.optional(z.array(z.object({ sku: z.string(), price: z.optional(z.int()) })));
    expect(problemOf(z.object({ ...fields, items: lines, note: z.optional(z.string()) }))).toEqual({
      problem: 'OrderCreated, version 1, has new optional fields that are not recorded: items[].price, note.',
      remedy: 'Run npm run events, do what it prints, and commit the files that it writes.',
      isRecordable: true,
    });
  });

  test.each([
    ['a new required field', z.object({ ...fields, note: z.string() }), 'note is required'],
    ['a missing field', z.object({ items: fields.items }), 'order_id is missing'],
    [
      'an optional field that was required',
      z.object({ ...fields, order_id: z.optional(z.string()) }),
      'order_id is opt',
    ],
    [
      'a narrower type',
      z.object({ ...fields, order_id: z.string().max(5) }),
      'order_id: maxLength was absent and is 5',
    ],
    ['strict parsing', z.strictObject(fields), 'the data: additionalProperties was absent and is false'],
    ['a new refinement', z.object(fields).refine(() => true, 'must add up'), 'is ["must add up"]'],
    ['another line', z.object({ ...fields, items: z.optional(z.array(z.string())) }), 'items[]: type was "object"'],
    [
      'another notation of times',
      z.object({ ...fields, order_id: z.iso.datetime({ offset: true }) }),
      'order_id: format',
    ],
  ])('needs a new version if it has %s', (_, schema, change) => {
    const { problem, remedy, isRecordable } = problemOf(schema) ?? {};
    expect(problem).toContain(change);
    expect(remedy).toMatch(/^Declare version 2\./);
    expect(isRecordable).toBe(false);
  });

  test('is rejected by the release before if that release parses lines strictly', () => {
    const strict = toJsonSchema(z.object({ items: z.array(z.strictObject({ sku: z.string() })) }));
    expect(errorsOf(strict, { items: [{ sku: 'x', price: 1 }] })).not.toEqual([]);
  });

  test('is compared with all that the schema of an order says', () => {
    const { ['x-refinements']: refinements } = toJsonSchema(Items);
    expect(refinements).toEqual(['must name each seat only once']);
    const schema = toJsonSchema(OrderCreated.schema);
    expect(compareSchemas(schema, schema)).toEqual({ newFields: [], otherChanges: [] });
    expect(compareSchemas({}, schema).otherChanges).toEqual(
      expect.arrayContaining(['order_id is required', 'user_id is required']),
    );
  });
});
