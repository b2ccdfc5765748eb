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
  readonly requestBody?: Body;
  readonly responses: Readonly<Record<string, { readonly headers?: Readonly<Record<string, unknown>> }>>;
}

const { paths } = JSON.parse(JSON.stringify(openApiDocument())) as {
  paths: Record<string, Record<string, Operation>>;
};
const headersOf = (path: string, method: string, status: number) =>
  Object.keys(paths[path]?.[method]?.responses[status]?.headers ?? {}).toSorted();

test('the OpenAPI document is the one that the doors give (else: npm run openapi)', () => {
  const written = JSON.parse(readFileSync(new URL('../../docs/openapi.json', import.meta.url), 'utf8'));
  expect(written).toEqual(JSON.parse(JSON.stringify(openApiDocument())));
});

test('every operation of the route tables is there, by its name', () => {
  const told = Object.entries(paths).flatMap(([path, methods]) =>
    Object.entries(methods).map(([method, { operationId }]) => [operationId, `${method.toUpperCase()} ${path}`]),
  );
  expect(Object.fromEntries(told)).toEqual(allRoutes);
});

test('every door of every context is among all of them, and none has the name of another', async () => {
  const tables = await Promise.all(
    filesOf('lambdas/*/routes.ts').map(async (file) => (await import(urlOf(file))) as Record<string, typeof allRoutes>),
  );
  const doors = tables.flatMap((module) => Object.values(module)).flatMap((table) => Object.entries(table));
  expect(doors.length).toBeGreaterThan(10);
  expect(doors.toSorted()).toEqual(Object.entries(allRoutes).toSorted());
});

test('the headers of an answer are told where they apply', () => {
  const made = ['Idempotency-Replayed', 'Location', 'X-Correlation-Id'];
  expect(headersOf('/orders', 'post', 201)).toEqual(made);
  expect(headersOf('/payments/accounts', 'post', 201)).toEqual(made);
  expect(headersOf('/payments/accounts/deposit', 'post', 200)).toEqual(['Idempotency-Replayed', 'X-Correlation-Id']);
  expect(headersOf('/orders', 'get', 200)).toEqual(['Link', 'X-Correlation-Id']);
  expect(headersOf('/orders/{id}', 'get', 404)).toEqual(['X-Correlation-Id']);
  expect(headersOf('/orders', 'post', 503)).toEqual(['Retry-After', 'X-Correlation-Id']);
  expect(headersOf('/balances/stats', 'get', 200)).toEqual(['X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/api/order/{order_uid}', 'get', 200)).toEqual(['X-Cache', 'X-Correlation-Id']);
  expect(headersOf('/api/order/{order_uid}', 'get', 202)).toEqual(['X-Correlation-Id']);
  expect(headersOf('/healthz', 'get', 200)).toEqual(['X-Correlation-Id']);
});

test('a body of two kinds and an answer of two are told as both', () => {
  const { requestBody, responses } = paths['/orders']?.['post'] ?? {};
  const kinds = requestBody?.content['application/json']?.schema.oneOf ?? [];
  expect(kinds.map(({ properties }) => Object.keys(properties)[0])).toEqual(['user_id', 'order_uid']);
  expect(Object.keys(responses ?? {})).toEqual(expect.arrayContaining(['201', '202']));
});
