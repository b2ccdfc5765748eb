import { isDeepStrictEqual } from 'node:util';
import * as z from 'zod';

export type JsonSchema = z.core.JSONSchema.JSONSchema;

const DATE_TIME_PATTERN = z.toJSONSchema(z.iso.datetime()).pattern;

/**
 * Returns the JSON schema of the values that a schema accepts. JSON schema cannot express refinements, so they are
 * listed by their messages under `x-refinements`: adding or removing one changes the result.
 */
export function toJsonSchema(schema: z.core.$ZodType): JsonSchema {
  const { $schema: _, ...jsonSchema } = z.toJSONSchema(schema, {
    io: 'input',
    override: ({ zodSchema, jsonSchema: target }) => {
      const refinements = refinementsOf(zodSchema);
      if (refinements.length > 0) target['x-refinements'] = refinements;
      // The pattern that Zod gives to a date-time may differ between releases of Zod. The format alone says as much.
      if (target.pattern === DATE_TIME_PATTERN) delete target.pattern;
    },
  });
  return jsonSchema;
}

const refinementsOf = (schema: z.core.$ZodType): string[] =>
  (schema._zod.def.checks ?? []).flatMap((check) => {
    if (!(check instanceof z.core.$ZodCustom)) return [];
    const message = check._zod.def.error?.({ code: 'custom', input: undefined, path: [], message: '' });
    return [typeof message === 'string' ? message : (message?.message ?? 'no message')];
  });

export interface SchemaChanges {
  /** The paths of new optional fields, for example `items[].price`. A consumer of the schema before ignores them. */
  readonly newFields: readonly string[];
  /** All other changes. With one of them, one of the two schemas may reject what the other accepts. */
  readonly otherChanges: readonly string[];
}

/** Compares two schemas field by field. */
export function compareSchemas(before: JsonSchema, after: JsonSchema, path = ''): SchemaChanges {
  const { properties: fieldsBefore = {}, required: requiredBefore = [], items: lineBefore, ...restBefore } = before;
  const { properties: fieldsAfter = {}, required: requiredAfter = [], items: lineAfter, ...restAfter } = after;
  const pathOf = (name: string) => (path === '' ? name : `${path}.${name}`);
  const newNames = Object.keys(fieldsAfter).filter((name) => !Object.hasOwn(fieldsBefore, name));
  const changes = Object.entries(fieldsBefore).map(([name, field]): SchemaChanges => {
    const fieldAfter = fieldsAfter[name];
    if (fieldAfter === undefined) return otherChange(`${pathOf(name)} is missing`);
    if (requiredBefore.includes(name) !== requiredAfter.includes(name))
      return otherChange(`${pathOf(name)} is ${requiredAfter.includes(name) ? 'required' : 'optional'} now`);
    return compareValues(field, fieldAfter, pathOf(name));
  });
  return merge([
    ...changes,
    { newFields: newNames.filter((name) => !requiredAfter.includes(name)).map(pathOf), otherChanges: [] },
    ...newNames
      .filter((name) => requiredAfter.includes(name))
      .map((name) => otherChange(`${pathOf(name)} is required`)),
    compareValues(lineBefore, lineAfter, `${path}[]`),
    compareKeywords(restBefore, restAfter, path || 'the data'),
  ]);
}

function compareValues(before: unknown, after: unknown, path: string): SchemaChanges {
  if (isDeepStrictEqual(before, after)) return unchanged;
  if (isJsonSchema(before) && isJsonSchema(after)) return compareSchemas(before, after, path);
  return otherChange(`${path} has changed`);
}

const compareKeywords = (before: Readonly<Record<string, unknown>>, after: typeof before, path: string) =>
  merge(
    Object.keys({ ...before, ...after })
      .filter((keyword) => !isDeepStrictEqual(before[keyword], after[keyword]))
      .map((keyword) => otherChange(`${path}: ${keyword} was ${text(before[keyword])} and is ${text(after[keyword])}`)),
  );

const isJsonSchema = (value: unknown): value is JsonSchema =>
  typeof value === 'object' && value !== null && !Array.isArray(value);
const text = (value: unknown): string => (value === undefined ? 'absent' : JSON.stringify(value));

const unchanged: SchemaChanges = { newFields: [], otherChanges: [] };
const otherChange = (change: string): SchemaChanges => ({ newFields: [], otherChanges: [change] });
const merge = (changes: readonly SchemaChanges[]): SchemaChanges => ({
  newFields: changes.flatMap(({ newFields }) => newFields),
  otherChanges: changes.flatMap(({ otherChanges }) => otherChanges),
});

/** Returns the paths of the fields that a schema declares and a value does not have anywhere. */
export function missingFields(schema: JsonSchema, values: readonly unknown[], path = ''): string[] {
  if (isJsonSchema(schema.items)) return missingFields(schema.items, values.flat(), `${path}[]`);
  return Object.entries(schema.properties ?? {}).flatMap(([name, field]) => {
    const fieldPath = path === '' ? name : `${path}.${name}`;
    const found = values.flatMap((value) => (hasField(value, name) ? [value[name]] : []));
    if (found.length === 0) return [fieldPath];
    return isJsonSchema(field) ? missingFields(field, found, fieldPath) : [];
  });
}

const hasField = (value: unknown, name: string): value is Record<string, unknown> =>
  typeof value === 'object' && value !== null && Object.hasOwn(value, name);
