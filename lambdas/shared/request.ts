import { randomUUID } from 'node:crypto';
import type { APIGatewayProxyEvent } from 'aws-lambda';
import type * as z from 'zod/mini';
import { BadInput, type Fault, Refusal } from './problem.ts';

const MAX_BODY_BYTES = 128 * 1024;
const MAX_DEPTH = 20;
const CORRELATION = /^[\x21-\x7e]{1,128}$/;

/** Header names come in any case. */
export function header(event: APIGatewayProxyEvent, name: string): string | undefined {
  const wanted = name.toLowerCase();
  for (const [key, value] of Object.entries(event.headers ?? {})) if (key.toLowerCase() === wanted) return value;
  return undefined;
}

/** The caller's own thread where it is fit for logs and headers, else a new one. */
export function correlationOf(event: APIGatewayProxyEvent): string {
  const given = header(event, 'X-Correlation-Id');
  return given && CORRELATION.test(given) ? given : randomUUID();
}

/** The body as JSON, within its limits of size and depth. */
export function jsonBody(event: APIGatewayProxyEvent): unknown {
  const raw = event.body ?? '';
  const bytes = event.isBase64Encoded ? Buffer.from(raw, 'base64') : Buffer.from(raw);
  if (bytes.byteLength > MAX_BODY_BYTES)
    throw new Refusal(413, 'body_too_large', `the body has more than ${MAX_BODY_BYTES} bytes`);
  if (bytes.byteLength === 0) throw new BadInput([{ path: 'body', message: 'a JSON object is expected' }]);
  let value: unknown;
  try {
    value = JSON.parse(bytes.toString('utf8'));
  } catch (error) {
    throw new BadInput([{ path: 'body', message: `malformed JSON: ${(error as Error).message}` }]);
  }
  if (deeperThan(value, MAX_DEPTH))
    throw new BadInput([{ path: 'body', message: `nested deeper than ${MAX_DEPTH} levels` }]);
  return value;
}

/** Without recursion: a body of brackets only must not end the stack. */
function deeperThan(value: unknown, limit: number): boolean {
  let level = [value];
  for (let depth = 0; level.length > 0; depth++) {
    level = level.flatMap((one) => (typeof one === 'object' && one !== null ? Object.values(one) : []));
    if (depth >= limit && level.length > 0) return true;
  }
  return false;
}

/** Path parameters, decoded once: no id of ours holds a `%`, so an engine that has decoded them already does no harm. */
export function pathParams(event: APIGatewayProxyEvent): Record<string, string> {
  return Object.fromEntries(
    Object.entries(event.pathParameters ?? {}).map(([name, value = '']) => {
      try {
        return [name, decodeURIComponent(value)];
      } catch (error) {
        throw new BadInput([{ path: name, message: `not a path segment: ${(error as Error).message}` }]);
      }
    }),
  );
}

/** Query parameters; one that is given twice has no single meaning. */
export function queryParams(event: APIGatewayProxyEvent): Record<string, string> {
  const twice = Object.entries(event.multiValueQueryStringParameters ?? {}).filter(
    ([, values]) => (values?.length ?? 0) > 1,
  );
  if (twice.length > 0) throw new BadInput(twice.map(([path]) => ({ path, message: 'given more than once' })));
  return Object.fromEntries(
    Object.entries(event.queryStringParameters ?? {}).map(([name, value]) => [name, value ?? '']),
  );
}

/** What one part of the request says by its schema, its faults added to the others'. */
export function check<T>(schema: z.ZodMiniType<T>, value: unknown, faults: Fault[]): T | undefined {
  const parsed = schema.safeParse(value);
  if (parsed.success) return parsed.data;
  for (const issue of parsed.error.issues) faults.push(...faultsOf(issue));
  return undefined;
}

function faultsOf(issue: z.core.$ZodIssue): Fault[] {
  const path = issue.path.join('.');
  if (issue.code === 'unrecognized_keys')
    return issue.keys.map((key) => ({ path: path ? `${path}.${key}` : key, message: 'unknown field' }));
  return [{ path: path || 'body', message: issue.message }];
}
