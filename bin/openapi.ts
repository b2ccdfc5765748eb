/**
 * Writes docs/openapi.json from the contracts of the routes, so that the document always matches them. Run it by
 * `npm run openapi`. A contract test checks that the file is up to date.
 */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { handler as balances } from '../lambdas/balances/api.ts';
import { handler as catalog } from '../lambdas/catalog/api.ts';
import { handler as documents } from '../lambdas/documents/api.ts';
import { handler as ops } from '../lambdas/ops/api.ts';
import { handler as orders } from '../lambdas/orders/api.ts';
import { handler as payments } from '../lambdas/payments/api.ts';
import type { Route } from '../lambdas/shared/http/route.ts';
import { allRoutes } from '../lib/routes.ts';

type Schema = Record<string, unknown>;

const ACCEPTED = 'The request was accepted and will be processed.';
const OUTPUT_FILE = new URL('../docs/openapi.json', import.meta.url);

const schemaOf = (schema: unknown): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema as z.core.$ZodType, {
    io: 'input',
    target: 'openapi-3.0',
    unrepresentable: 'any',
  });
  return rest;
};

/** Returns the schema of a body, or `oneOf` the schemas if there are several. */
const bodyOf = (body: NonNullable<Route<never>['contract']['body']>): Schema =>
  'oneOf' in body ? { oneOf: body.oneOf.map(schemaOf) } : schemaOf(body);

const headerRefs = (...names: string[]): Schema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const response = (description: string, schema: unknown, ...names: string[]) => ({
  description,
  headers: headerRefs('X-Correlation-Id', ...names),
  content: { 'application/json': { schema: schemaOf(schema) } },
});

const problem = (description: string, ...names: (keyof typeof headers)[]) => ({
  description,
  headers: headerRefs('X-Correlation-Id', ...names),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function parameters(location: 'path' | 'query', schema: unknown): Schema[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, parameter]) => ({
    name,
    in: location,
    required: location === 'path' || required.includes(name),
    schema: parameter,
  }));
}

const header = (name: string, description: string): Schema => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', minLength: 1, maxLength: name === 'Idempotency-Key' ? 255 : 128 },
});

function operation(operationId: string, method: string, { contract }: Route<never>, readsTable: boolean): Schema {
  const isList = contract.query && Object.hasOwn(schemaOf(contract.query)['properties'] ?? {}, 'cursor');
  const idempotent =
    method === 'POST'
      ? [
          header(
            'Idempotency-Key',
            'A repeated request with the same key and body returns the response of the first successful request.',
          ),
        ]
      : [];
  return {
    operationId,
    parameters: [
      ...parameters('path', contract.params),
      ...parameters('query', contract.query),
      ...idempotent,
      header(
        'X-Correlation-Id',
        'Identifies the request in logs and events. It is created if it is missing, and returned.',
      ),
    ],
    ...(contract.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: bodyOf(contract.body) } } } }
      : {}),
    responses: {
      [contract.status ?? 200]: response(
        contract.status === 202 ? ACCEPTED : 'The request succeeded.',
        contract.returns,
        ...(contract.status === 201 ? ['Location'] : []),
        ...(isList ? ['Link'] : []),
        ...(method === 'POST' ? ['Idempotency-Replayed'] : []),
        ...(contract.headers ?? []),
      ),
      ...Object.fromEntries(
        Object.entries(contract.otherResponses ?? {}).map(([status, schema]) => [status, response(ACCEPTED, schema)]),
      ),
      400: problem('The request is invalid. `errors` lists every error.'),
      ...(contract.params || contract.body ? { 404: problem('The resource does not exist.') } : {}),
      ...(contract.body
        ? {
            409: problem('The request conflicts with the current state. Nothing was changed.'),
            413: problem('The body is larger than 128 KB.'),
            422: problem(
              'A limit is exceeded, or the Idempotency-Key was used for another request. Nothing was changed.',
            ),
          }
        : {}),
      ...(readsTable
        ? {
            503: problem(
              'The request did not finish in time and may have taken effect. Send it again after `Retry-After`, with the same Idempotency-Key.',
              'Retry-After',
            ),
          }
        : {}),
    },
  };
}

export function openApiDocument(): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  const apis = [payments, orders, catalog, balances, documents, ops];
  const routes = new Map<string, Route<never>>(apis.flatMap((api) => [...api.routes]));
  for (const [name, routeKey] of Object.entries(allRoutes)) {
    const [method = '', path = ''] = routeKey.split(' ');
    const route = routes.get(routeKey);
    if (!route) throw new Error(`No handler serves ${routeKey}.`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(name, method, route, !ops.routes.has(routeKey)) };
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'Oncebox',
      version: '0.1.0',
      description:
        'Orders, payments and balances, where every effect happens exactly once. Money is an integer in minor units.',
    },
    paths,
    components: { headers, schemas: { Problem: problemSchema } },
  };
}

const text = { type: 'string' };
const responseHeader = (description: string, schema: Schema = text) => ({ description, schema });
const headers = {
  'X-Correlation-Id': responseHeader('The correlation id of this request, as it appears in logs and events.'),
  Location: responseHeader('The URL of the created resource.'),
  Link: responseHeader('The next page, `rel="next"`. It is absent on the last page.'),
  'Idempotency-Replayed': responseHeader(
    'Set to `true` if this response repeats the first one for the same Idempotency-Key.',
    {
      type: 'string',
      enum: ['true'],
    },
  ),
  'X-Cache': responseHeader('Whether the response came from the cache.', { type: 'string', enum: ['hit', 'miss'] }),
  'Retry-After': responseHeader('The number of seconds to wait.', { type: 'integer' }),
};
const problemSchema = {
  type: 'object',
  required: ['type', 'title', 'status', 'detail', 'code', 'correlation_id'],
  properties: {
    type: text,
    title: text,
    status: { type: 'integer' },
    detail: text,
    code: text,
    correlation_id: text,
    errors: {
      type: 'array',
      items: { type: 'object', required: ['path', 'message'], properties: { path: text, message: text } },
    },
  },
};

if (import.meta.main) writeFileSync(OUTPUT_FILE, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
