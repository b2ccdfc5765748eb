import { readFileSync } from 'node:fs';
import { expect, test } from 'vitest';
import { openApiDocument } from '../../bin/openapi.ts';
import { allRoutes } from '../../lib/routes.ts';
import { filesOf, urlOf } from '../support/source-tree.ts';

interface Body {
  readonly content: Record<string, { readonly schema: { readonly oneOf?: readonly { properties: object }[] } }>;
}

interface Operation {
  readonly operationId: string;
  readonly summary: string;
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, unknown>> }>>;
}

const { paths } = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, Operation>>;
};
const headersOf = (path: string, method: string, status: number) =>
  Object.keys(paths[path]?.[method]?.responses[status]?.headers ?? {}).toSorted();

test('docs/openapi.json is up to date (otherwise run npm run openapi)', () => {
  const stored = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  expect(stored).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test('every route is an operation with its name', () => {
  const operations = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [operationId, `${method.toUpperCase()} ${path}`]),
  );
  expect(Object.fromEntries(operations)).toEqual(allRoutes);
});

test('every operation has a summary of its own', () => {
  const summaries = Object.values(paths).flatMap((methods) => Object.values(methods).map(({ summary }) => summary));
  expect(summaries.every((summary) => /^[A-Z].*[^.]$/.test(summary))).toBe(true);
  expect(new Set(summaries).size).toBe(summaries.length);
});

test('allRoutes contains the routes of every context, with unique names', async () => {
  const tables = await Promise.all(
    filesOf('lambdas/*/routes.ts').map(async (file) => (await import(urlOf(file))) as Record<string, typeof allRoutes>),
  );
  const routes = tables.flatMap((module) => Object.values(module)).flatMap((table) => Object.entries(table));
  expect(routes.length).toBeGreaterThan(10);
  expect(routes.toSorted()).toEqual(Object.entries(allRoutes).toSorted());
});

test('each response declares its headers', () => {
  const created = ['Idempotency-Replayed', 'Location', 'X-Correlation-Id'];
  expect(headersOf('/orders', 'post', 201)).toEqual(created);
  expect(headersOf('/payments/accounts', 'post', 201)).toEqual(created);
  expect(headersOf('/payments/accounts/deposit', 'post', 200)).toEqual(['Idempotency-Replayed', 'X-Correlation-Id']);
  expect(headersOf('/orders', 'get', 200)).toEqual(['Link', 'X-Correlation-Id']);
  expect(headersOf('/orders/{id}', 'get', 404)).toEqual(['X-Correlation-Id']);
  expect(headersOf('/orders', 'post', 503)).toEqual(['Retry-After', 'X-Correlation-Id']);
  expect(headersOf('/catalog/products', 'get', 200)).toEqual(['Link', 'X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/catalog/products/{sku}', 'get', 200)).toEqual(['X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/balances/stats', 'get', 200)).toEqual(['X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/api/order/{order_uid}', 'get', 200)).toEqual(['X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/api/order/{order_uid}', 'get', 202)).toEqual(['X-Correlation-Id']);
  expect(headersOf('/healthz', 'get', 200)).toEqual(['X-Correlation-Id']);
});

test('a body with an unknown field is rejected at any depth, unless it is an order document', () => {
  const looseObjectsIn = (schema: unknown, path: string): string[] => {
    if (typeof schema !== 'object' || schema === null) return [];
    const { properties, additionalProperties } = schema as Record<string, unknown>;
    return [
      ...(properties && additionalProperties !== false ? [path] : []),
      ...Object.entries(schema).flatMap(([name, part]) => looseObjectsIn(part, `${path}.${name}`)),
    ];
  };
  const bodies = Object.entries(paths).flatMap(([path, methods]) =>
    Object.values(methods).flatMap(({ requestBody }) =>
      Object.values(requestBody?.content ?? {}).flatMap(({ schema }) =>
        (schema.oneOf ?? [schema]).map((body, index) => ({ body, name: `${path} ${index}` })),
      ),
    ),
  );
  expect(bodies.length).toBeGreaterThan(4);
  const loose = bodies.filter(({ body, name }) => looseObjectsIn(body, name).length > 0);
  expect(loose.map(({ name }) => name)).toEqual(['/orders 1']);
});

test('a route with two bodies and two responses declares both', () => {
  const { requestBody, responses } = paths['/orders']?.['post'] ?? {};
  const kinds = requestBody?.content['application/json']?.schema.oneOf ?? [];
  expect(kinds.map(({ properties }) => Object.keys(properties)[0])).toEqual(['user_id', 'order_uid']);
  expect(Object.keys(responses ?? {})).toEqual(expect.arrayContaining(['201', '202']));
});
