import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type * as z from 'zod/mini';
import { type FieldError, HttpError, InvalidInput } from './problem.ts';
import '../runtime/validation-messages.ts';

export const MAX_BODY_BYTES = 128 * 1024;
const MAX_DEPTH = 20;
/** Strict, as JSON is: bytes that are no text are refused, not replaced. */
const utf8 = new TextDecoder('utf-8', { fatal: true });
const CORRELATION = /^[\x21-\x7e]{1,128}$/;

/** Header names come in any case. */
export function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(event.headers ?? {})) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

/** The caller's own thread where it is fit for logs and headers, else a new one. */
export function correlationIdOf(event: APIGatewayProxyEvent): string {
  const given = header(event, 'X-Correlation-Id');
  return given && CORRELATION.test(given) ? given : randomUUID();
}

/** The body as it was sent, within its limit of size. */
export function readBody(event: APIGatewayProxyEvent): string {
  const raw = event.body ?? '';
  const bytes = event.isBase64Encoded ? Buffer.from(raw, 'base64') : Buffer.from(raw);
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new HttpError(413, 'body_too_large', `the body has more than ${MAX_BODY_BYTES} bytes`);
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new InvalidInput([{ path: 'body', message: `malformed JSON: ${(error as Error).message}` }]);
  }
}

/** What a body says as JSON, within its limit of depth. */
export function parseJsonBody(text: string): unknown {
  // nothing said is nothing filled in: the schema tells what is missing, if anything is
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput([{ path: 'body', message: `malformed JSON: ${(error as Error).message}` }]);
  }
  const fault = shapeErrorOf(value);
  if (fault) throw new InvalidInput([{ path: 'body', message: fault }]);
  return value;
}

/**
 * Without recursion: a body of brackets only must not end the stack. `__proto__` is the one name that a schema of free
 * names would drop unseen.
 */
function shapeErrorOf(value: unknown): string | undefined {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
    if (level.some((one) => Object.hasOwn(one, '__proto__'))) return 'a field may not be named __proto__';
    level = level.flatMap((one) => Object.values(one).filter(isNested));
  }
  return undefined;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Path parameters, decoded once: no id of ours holds a `%`, so an engine that has decoded them already does no harm. */
export function pathParams(event: APIGatewayProxyEvent): Record<string, string> {
  return Object.fromEntries(
    Object.entries(event.pathParameters ?? {}).map(([name, value = '']) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch (error) {
        throw new InvalidInput([{ path: name, message: `not a path segment: ${(error as Error).message}` }]);
      }
    }),
  );
}

/** Query parameters; one that is given twice has no single meaning. */
export function queryParams(event: APIGatewayProxyEvent): Record<string, string> {
  const twice = Object.entries(event.multiValueQueryStringParameters ?? {}).filter(
    ([, values]) => (values?.length ?? 0) > 1,
  );
  if (twice.length > 0) throw new InvalidInput(twice.map(([path]) => ({ path, message: 'given more than once' })));
  return Object.fromEntries(
    Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, value ?? '']),
  );
}

/** What one part of the request says, or nothing where it cannot be read; its faults are added to the others'. */
export function collectErrors<T>(read: () => T, faults: FieldError[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    faults.push(...error.errors);
    return undefined;
  }
}

/** The same by its schema. What could not be read has said its faults already. */
export function validate<T>(schema: z.ZodMiniType<T>, value: unknown, faults: FieldError[]): T | undefined {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(...toFieldErrors(issue));
  return undefined;
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: path ? `${path}.${key}` : key, message: 'unknown field' }));
  return [{ path: path || 'body', message: issue.message }];
}
