/**
 * Writes docs/openapi.json from the contracts of the routes, so that the document always matches them. Run it by
 * `npm run openapi`. A contract test checks that the file is up to date.
 */
import { writeFileSync } from 'node:fs';
import * as z from 'zod';
import { handler as balances } from '../lambdas/balances/api.ts';
import { handler as catalog } from '../lambdas/catalog/api.ts';
import { priceFields } from '../lambdas/catalog/price-view.ts';
import { handler as documents } from '../lambdas/documents/api.ts';
import { handler as ops } from '../lambdas/ops/api.ts';
import { handler as orders } from '../lambdas/orders/api.ts';
import { handler as payments } from '../lambdas/payments/api.ts';
import { handler as reports } from '../lambdas/reports/api.ts';
import { cacheHeader, cacheStatuses } from '../lambdas/shared/cache/x-cache.ts';
import type { AnyContract, Route } from '../lambdas/shared/http/route.ts';
import { handler as webhooks } from '../lambdas/webhooks/api.ts';
import { allRoutes } from '../lib/routes.ts';
import { KEY_REUSED, operationTexts } from './openapi-operations.ts';

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
const bodyOf = (body: NonNullable<AnyContract['body']>): Schema =>
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

const header = (name: string, maxLength: number, description: string): Schema => ({
  name,
  in: 'header',
  required: false,
  description,
  schema: { type: 'string', minLength: 1, maxLength },
});
const idempotencyKey = header(
  'Idempotency-Key',
  255,
  'A repeated request with the same key and body returns the response of the first successful request. Without a key, a request that is sent again after a lost response takes effect twice. A stage can require the key.',
);
const CORRELATION_ID =
  'The correlation id of this request in the logs. It is the `causation_id` of the events that the request causes.';
const correlationId = header(
  'X-Correlation-Id',
  128,
  `${CORRELATION_ID} A new id is created if it is missing or not valid.`,
);

type OperationName = keyof typeof allRoutes;

/** What an operation is generated from: its name, its method, its route, and whether the route reads a table. */
interface OperationSource {
  readonly name: OperationName;
  readonly method: string;
  readonly contract: AnyContract;
  readonly readsTable: boolean;
}

function operation(source: OperationSource): Schema {
  const { name, method, contract } = source;
  const { summary, statuses = {}, createsNothing = false } = operationTexts[name];
  const isList = contract.query && Object.hasOwn(schemaOf(contract.query)['properties'] ?? {}, 'cursor');
  const takesKey = method === 'POST' && !createsNothing;
  const status = contract.status ?? 200;
  return {
    operationId: name,
    summary,
    parameters: [
      ...parameters('path', contract.params),
      ...parameters('query', contract.query),
      ...(takesKey ? [idempotencyKey] : []),
      correlationId,
    ],
    ...(contract.body
      ? { requestBody: { required: true, content: { 'application/json': { schema: bodyOf(contract.body) } } } }
      : {}),
    responses: {
      [status]: response(
        statuses[status] ?? (status === 202 ? ACCEPTED : 'The request succeeded.'),
        contract.returns,
        ...(status === 201 ? ['Location'] : []),
        ...(isList ? ['Link'] : []),
        ...(takesKey ? ['Idempotency-Replayed'] : []),
        ...(contract.headers ?? []),
      ),
      ...Object.fromEntries(
        Object.entries(contract.otherResponses ?? {}).map(([other, schema]) => [
          other,
          response(statuses[Number(other)] ?? ACCEPTED, schema),
        ]),
      ),
      ...problemsOf({ ...source, takesKey }, statuses),
    },
  };
}

/** Returns the problems that an operation can respond with: those of its contract, and those of its texts. */
function problemsOf(
  { method, contract, readsTable, takesKey }: OperationSource & { readonly takesKey: boolean },
  statuses: Readonly<Record<number, string>>,
) {
  const rejections = {
    400: 'The request is invalid. `errors` lists every error.',
    ...(contract.params ? { 404: 'The resource does not exist.' } : {}),
    ...(contract.body ? { 413: 'The body is larger than 128 KB.' } : {}),
    ...(contract.body && takesKey ? { 422: `${KEY_REUSED}. Nothing was changed.` } : {}),
    ...Object.fromEntries(Object.entries(statuses).filter(([status]) => Number(status) >= 400)),
  };
  return {
    ...Object.fromEntries(Object.entries(rejections).map(([status, description]) => [status, problem(description)])),
    ...(readsTable ? { 503: problem(unfinished(method, takesKey), 'Retry-After') } : {}),
  };
}

function unfinished(method: string, takesKey: boolean): string {
  const unfinishedRequest = 'The request did not finish in time. Send it again after `Retry-After`';
  if (method === 'GET' || (method === 'POST' && !takesKey)) return `${unfinishedRequest}.`;
  const key = takesKey ? ', with the same Idempotency-Key' : '';
  return `${unfinishedRequest}${key}. The code is \`busy\` if nothing was changed, and \`outcome_unknown\` if it may have taken effect.`;
}

export function openApiDocument(): Schema {
  const paths: Record<string, Record<string, Schema>> = {};
  const apis = [payments, orders, catalog, balances, documents, reports, webhooks, ops];
  const routes = new Map<string, Route<never>>(apis.flatMap((api) => [...api.routes]));
  for (const [name, routeKey] of Object.entries(allRoutes) as [OperationName, string][]) {
    const [method = '', path = ''] = routeKey.split(' ');
    const route = routes.get(routeKey);
    if (!route) throw new Error(`No handler serves ${routeKey}.`);
    const source = { name, method, contract: route.contract, readsTable: !ops.routes.has(routeKey) };
    paths[path] = { ...paths[path], [method.toLowerCase()]: operation(source) };
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
  'X-Correlation-Id': responseHeader(CORRELATION_ID),
  Location: responseHeader('The created resource: a URL, or a path of the same host if no base URL is configured.'),
  Link: responseHeader(
    'The next page, `rel="next"`, as a URL or a path of the same host. It is absent on the last page.',
  ),
  'Idempotency-Replayed': responseHeader(
    'Set to `true` if this response repeats the first one for the same Idempotency-Key.',
    {
      type: 'string',
      enum: ['true'],
    },
  ),
  [cacheHeader]: responseHeader(
    'Whether the response came from the cache. It is `stale` if neither the source nor its changes could be read.',
    { type: 'string', enum: [...cacheStatuses] },
  ),
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
    quote: {
      type: 'object',
      description: 'The price of the items, if the code is `price_changed`.',
      properties: schemaOf(z.object({ quote_id: z.optional(z.string()), ...priceFields }))['properties'],
    },
  },
};

if (import.meta.main) writeFileSync(OUTPUT_FILE, `${JSON.stringify(openApiDocument(), null, 2)}\n`);
