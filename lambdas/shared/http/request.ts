import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type * as z from 'zod/mini';
import '../runtime/validation-messages.ts';
import { type FieldError, HttpError, InvalidInput } from './problem.ts';

export const MAX_BODY_BYTES = 128 * 1024;
const MAX_DEPTH = 20;
/** Decodes strictly: bytes that are not UTF-8 are rejected, not replaced. */
const utf8 = new TextDecoder('utf-8', { fatal: true });
const CORRELATION_ID = /^[\x21-\x7e]{1,128}$/;

/** Returns a header by its name in any case. */
export function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(event.headers ?? {})) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

/** Returns the caller's correlation id if it is safe for logs and headers, else a new one. */
export function correlationIdOf(event: APIGatewayProxyEvent): string {
  const given = header(event, 'X-Correlation-Id');
  return given && CORRELATION_ID.test(given) ? given : randomUUID();
}

/** Returns the body as text. Throws if it exceeds the size limit or is not UTF-8. */
export function readBody(event: APIGatewayProxyEvent): string {
  const raw = event.body ?? '';
  const bytes = event.isBase64Encoded ? Buffer.from(raw, 'base64') : Buffer.from(raw);
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new HttpError(413, 'body_too_large', `The body is larger than ${MAX_BODY_BYTES} bytes.`);
  try {
    return utf8.decode(bytes);
  } catch (error) {
    throw new InvalidInput([{ path: 'body', message: `malformed JSON: ${(error as Error).message}` }]);
  }
}

/** Parses a JSON body. Throws if it is malformed or nested too deeply. */
export function parseJsonBody(text: string): unknown {
  // An empty body is an empty object, so that the schema reports the fields that are missing.
  if (text === '') return {};
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch (error) {
    throw new InvalidInput([{ path: 'body', message: `malformed JSON: ${(error as Error).message}` }]);
  }
  const message = shapeErrorOf(value);
  if (message) throw new InvalidInput([{ path: 'body', message }]);
  return value;
}

/**
 * Checks depth and names level by level, without recursion, so that a body of brackets cannot overflow the stack. The
 * name `__proto__` is rejected because a schema for arbitrary names would drop it silently.
 */
function shapeErrorOf(value: unknown): string | undefined {
  let level = [value].filter(isNested);
  for (let depth = 0; level.length > 0; depth++) {
    if (depth === MAX_DEPTH) return `nested deeper than ${MAX_DEPTH} levels`;
    if (level.some((object) => Object.hasOwn(object, '__proto__'))) return 'a field may not be named __proto__';
    level = level.flatMap((object) => Object.values(object).filter(isNested));
  }
  return undefined;
}

const isNested = (value: unknown): value is object => typeof value === 'object' && value !== null;

/** Returns the path parameters, decoded. No id contains a `%`, so decoding twice on some engines does no harm. */
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

/** Returns the query parameters. A parameter that is given twice is rejected, since its meaning is ambiguous. */
export function queryParams(event: APIGatewayProxyEvent): Record<string, string> {
  const repeated = Object.entries(event.multiValueQueryStringParameters ?? {}).filter(
    ([, values]) => (values?.length ?? 0) > 1,
  );
  if (repeated.length > 0)
    throw new InvalidInput(repeated.map(([path]) => ({ path, message: 'given more than once' })));
  return Object.fromEntries(
    Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, value ?? '']),
  );
}

/** Returns what `read` returns, or adds its input errors to the list and returns nothing. */
export function collectErrors<T>(read: () => T, errors: FieldError[]): T | undefined {
  try {
    return read();
  } catch (error) {
    if (!(error instanceof InvalidInput)) throw error;
    errors.push(...error.errors);
    return undefined;
  }
}

/** Parses a value by its schema, or adds its errors to the list. An undefined value has reported its errors already. */
export function validate<T>(schema: z.ZodMiniType<T>, value: unknown, errors: FieldError[]): T | undefined {
  if (value === undefined) return undefined;
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) errors.push(...toFieldErrors(issue));
  return undefined;
}

function toFieldErrors(issue: z.core.$ZodIssue): FieldError[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: path ? `${path}.${key}` : key, message: 'unknown field' }));
  return [{ path: path || 'body', message: issue.message }];
}
