/**
 * Writes docs/openapi.json from the routes' own contracts, so that the document cannot say anything that the doors do
 * not hold. `npm run openapi` writes it; a contract test holds that it was run.
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

const OUT = new URL('../docs/openapi.json', import.meta.url);

const schemaOf = (schema: unknown): Schema => {
  const { $schema: _, ...rest } = z.toJSONSchema(schema as z.core.$ZodType, {
    io: 'input',
    target: 'openapi-3.0',
    unrepresentable: 'any',
  });
  return rest;
};

/** A body of one of several kinds says so. */
const bodyOf = (body: NonNullable<Route<never>['contract']['body']>): Schema =>
  'oneOf' in body ? { oneOf: body.oneOf.map(schemaOf) } : schemaOf(body);

/** Headers of answers, by their components' names. */
const answered = (...names: string[]): Schema =>
  Object.fromEntries(names.map((name) => [name, { $ref: `#/components/headers/${name}` }]));

const problem = (description: string, ...names: (keyof typeof headers)[]) => ({
  description,
  headers: answered('X-Correlation-Id', ...names),
  content: { 'application/problem+json': { schema: { $ref: '#/components/schemas/Problem' } } },
});

function parameters(place: 'path' | 'query', schema: unknown): Schema[] {
  if (!schema) return [];
  const { properties = {}, required = [] } = schemaOf(schema) as {
    properties?: Record<string, Schema>;
    required?: string[];
  };
  return Object.entries(properties).map(([name, one]) => ({
    name,
    in: place,
    required: place === 'path' || required.includes(name),
    schema: one,
  }));
}

const header = (name: string, description: string): Schema => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', minLength: 1, maxLength: name === 'Idempotency-Key' ? 255 : 128 },
});

function operation(operationId: string, method: string, { contract }: Route<never>): Schema {
  const takesSomething = contract.params ?? contract.query ?? contract.body;
  const isList = contract.query && Object.hasOwn(schemaOf(contract.query)['properties'] ?? {}, 'cursor');
  const idempotent =
    method === 'POST'
      ? [header('Idempotency-Key', 'the same key with the same body gives the first answer again')]
      : [];
  return {
    operationId,
    parameters: [
      ...parameters('path', contract.params),
      ...parameters('query', contract.query),
      ...idempotent,
      header('X-Correlation-Id', 'taken, or made where there is none; answered and logged'),
    ],
    ...(contract.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: bodyOf(contract.body) } } } }
      : {}),
    responses: {
      [contract.status ?? 200]: {
        description: 'done',
        headers: answered(
          'X-Correlation-Id',
          ...(contract.status === 201 ? (['Location'] as const) : []),
          ...(isList ? (['Link'] as const) : []),
          ...(method === 'POST' ? (['Idempotency-Replayed'] as const) : []),
          ...(contract.headers ?? []),
        ),
        content: { 'application/json': { schema: schemaOf(contract.returns) } },
      },
      ...Object.fromEntries(
        Object.entries(contract.otherReplies ?? {}).map(([status, schema]) => [
          status,
          {
            description: 'taken, and under way',
            headers: answered('X-Correlation-Id'),
            content: { 'application/json': { schema: schemaOf(schema) } },
          },
        ]),
      ),
      400: problem('the request is not valid; all of its faults are in `errors`'),
      ...(contract.params || contract.body ? { 404: problem('what the request names is not there') } : {}),
      ...(contract.body
        ? {
            409: problem('refused, nothing changed'),
            413: problem('the body has more than 128 KB'),
            422: problem('refused, nothing changed: a limit, or an Idempotency-Key that stands for another request'),
          }
        : {}),
      ...(takesSomething
        ? { 503: problem('too much contention; nothing was done, try again after `Retry-After`', 'Retry-After') }
        : {}),
    },
  };
}

export function openApiDocument(): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  const doors = new Map<string, Route<never>>([
    ...payments.routes,
    ...orders.routes,
    ...catalog.routes,
    ...balances.routes,
    ...documents.routes,
    ...ops.routes,
  ]);
  for (const [name, door] of Object.entries(allRoutes)) {
    const [method = '', path = ''] = door.split(' ');
    const route = doors.get(door);
    if (!route) throw new Error(`${door} has no route`);
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(name, method, route) };
  }
  return {
    openapi: '3.0.3',
    info: {
      title: 'Oncebox',
      version: '1.0.0',
      description:
        'Orders, payments and balances, where every effect happens exactly once. Money is an integer in minor units.',
    },
    paths,
    components: { headers, schemas: { Problem: problemSchema } },
  };
}

const text = { type: 'string' };
const headers = {
  'X-Correlation-Id': { description: 'the thread of this request, as it stands in our logs', schema: text },
  Location: { description: 'where to find what was made', schema: text },
  Link: { description: 'the next page, `rel="next"`; absent on the last', schema: text },
  'Idempotency-Replayed': {
    description: 'the first answer to this Idempotency-Key again; absent on the first',
    schema: { type: 'string', enum: ['true'] },
  },
  'X-Cache': {
    description: 'whether the cache had it, or somebody was asked',
    schema: { type: 'string', enum: ['hit', 'miss'] },
  },
  'Retry-After': { description: 'seconds', schema: { type: 'integer' } },
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

if (import.meta.main) writeFileSync(OUT, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
