/**
 * Writes docs/openapi.json from the routes' own contracts, so that the document cannot say anything that the doors do
 * not hold. `npm run openapi` writes it; a contract test holds that it was run.
 */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { handler as orders } from '../lambdas/orders/api.ts';
import { handler as payments } from '../lambdas/payments/api.ts';
import type { Route } from '../lambdas/shared/route.ts';

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

const problem = (description: string) => ({
  description,
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

function operation(door: string, { contract }: Route<never>): Schema {
  const [method] = door.split(' ');
  const idempotent =
    method === 'POST'
      ? [header('Idempotency-Key', 'the same key with the same body gives the first answer again')]
      : [];
  return {
    parameters: [
      ...parameters('path', contract.params),
      ...parameters('query', contract.query),
      ...idempotent,
      header('X-Correlation-Id', 'taken, or made where there is none; answered and logged'),
    ],
    ...(contract.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: schemaOf(contract.body) } } } }
      : {}),
    responses: {
      [contract.status ?? 200]: {
        description: 'done',
        content: { 'application/json': { schema: schemaOf(contract.returns) } },
      },
      400: problem('the request is not valid; all of its faults are in `errors`'),
      ...(contract.params || contract.body ? { 404: problem('what the request names is not there') } : {}),
      ...(contract.body
        ? {
            409: problem('refused, nothing changed'),
            413: problem('the body has more than 128 KB'),
            422: problem('refused, nothing changed: a limit, or an Idempotency-Key that stands for another request'),
          }
        : {}),
      503: problem('too much contention; nothing was done, try again after `Retry-After`'),
    },
  };
}

export function openApiDocument(): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  for (const [door, route] of [...payments.doors, ...orders.doors] as [string, Route<never>][]) {
    const [method = '', path = ''] = door.split(' ');
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(door, route) };
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
    components: { schemas: { Problem: problemSchema } },
  };
}

const text = { type: 'string' };
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
