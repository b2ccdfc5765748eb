import { beforeAll, describe, expect, test } from 'vitest';
import { openApiDocument } from '../../bin/openapi.ts';
import { MAX_AMOUNT } from '../../events/money.ts';
import { Simulation } from '../support/simulation.ts';

type Responses = Readonly<Record<string, { readonly description: string }>>;
interface Operation {
  readonly operationId: string;
  readonly responses: Responses;
}

const { paths } = openApiDocument() as { paths: Record<string, Record<string, Operation>> };
const operations = Object.entries(paths).flatMap(([path, methods]) =>
  Object.entries(methods).map(([method, operation]) => ({ routeKey: `${method.toUpperCase()} ${path}`, ...operation })),
);

const unknownId = 'z'.repeat(26);
const alice = { user_id: 'alice' };
const invalid = { user_id: 'a#b' };
const gig = (quantity: number) => [{ sku: 'gig', quantity }];
const tooLong = 'x'.repeat(129 * 1024);
const key = { headers: { 'Idempotency-Key': 'key-1' } };

/** A request for each rejection that the document declares. The status of 400 and 503 does not depend on the route. */
const rejections: [routeKey: string, status: number, request: (id: string) => object][] = [
  ['POST /payments/accounts', 409, () => ({ body: { user_id: 'alice' } })],
  ['POST /payments/accounts', 413, () => ({ body: { user_id: tooLong } })],
  ['POST /payments/accounts', 422, () => ({ body: { user_id: 'bob', programme: true }, ...key })],
  ['POST /payments/accounts/deposit', 404, () => ({ body: { user_id: 'nobody', amount: 1 } })],
  ['POST /payments/accounts/deposit', 413, () => ({ body: { user_id: tooLong } })],
  ['POST /payments/accounts/deposit', 422, () => ({ body: { user_id: 'bob', amount: 2 }, ...key })],
  ['GET /payments/accounts/{user_id}/balance', 404, () => ({ path: { user_id: 'nobody' } })],
  ['GET /payments/accounts/{user_id}/entries', 404, () => ({ path: { user_id: 'nobody' } })],
  ['POST /orders', 404, () => ({ body: { user_id: 'alice', items: gig(1), quote_id: unknownId } })],
  ['POST /orders', 409, () => ({ body: { user_id: 'alice', amount: 9, items: gig(1) } })],
  ['POST /orders', 413, () => ({ body: { user_id: tooLong } })],
  ['POST /orders', 422, () => ({ body: { user_id: 'alice', items: [{ sku: 'gold', quantity: 2 }] } })],
  ['GET /orders/{id}', 404, () => ({ path: { id: unknownId } })],
  ['GET /orders/{id}/workflow', 404, () => ({ path: { id: unknownId } })],
  ['GET /api/orders/{id}/workflow', 404, () => ({ path: { id: unknownId } })],
  ['POST /orders/{id}/refund', 404, () => ({ path: { id: unknownId }, body: {} })],
  ['POST /orders/{id}/refund', 409, (id) => ({ path: { id }, body: {} })],
  ['POST /orders/{id}/refund', 413, (id) => ({ path: { id }, body: { reason: tooLong } })],
  ['POST /orders/{id}/refund', 422, (id) => ({ path: { id }, body: { reason: 'second' }, ...key })],
  ['PUT /catalog/products/{sku}', 404, () => ({ path: { sku: 'a#b' }, body: { name: 'Gig', price: 10, stock: 5 } })],
  ['PUT /catalog/products/{sku}', 413, () => ({ path: { sku: 'gig' }, body: { name: tooLong } })],
  ['GET /catalog/products/{sku}', 404, () => ({ path: { sku: 'unknown' } })],
  ['POST /carts/{user_id}/checkout', 404, () => ({ path: alice, body: { quote_id: unknownId } })],
  ['POST /carts/{user_id}/checkout', 409, () => ({ path: { user_id: 'bob' }, body: {} })],
  ['POST /carts/{user_id}/checkout', 413, () => ({ path: alice, body: { description: tooLong } })],
  ['POST /carts/{user_id}/checkout', 422, () => ({ path: { user_id: 'rich' }, body: {} })],
  ['PUT /catalog/rules', 409, () => ({ body: { mode: 'combine', rules: [], replaces: 7 } })],
  ['PUT /catalog/rules', 413, () => ({ body: { mode: tooLong } })],
  ['GET /catalog/rules/versions/{version}', 404, () => ({ path: { version: '7' } })],
  ['POST /catalog/rules/try', 413, () => ({ body: { rules: tooLong } })],
  ['PUT /catalog/customers/{user_id}', 404, () => ({ path: invalid, body: { tags: [] } })],
  ['PUT /catalog/customers/{user_id}', 413, () => ({ path: alice, body: { tags: [tooLong] } })],
  ['GET /catalog/customers/{user_id}', 404, () => ({ path: invalid })],
  ['POST /quotes', 413, () => ({ body: { user_id: tooLong } })],
  ['POST /quotes', 422, () => ({ body: { items: [{ sku: 'gold', quantity: 2 }] } })],
  ['GET /quotes/{id}', 404, () => ({ path: { id: unknownId } })],
  ['GET /carts/{user_id}', 404, () => ({ path: invalid })],
  ['PUT /carts/{user_id}', 404, () => ({ path: invalid, body: { items: gig(1) } })],
  ['PUT /carts/{user_id}', 413, () => ({ path: alice, body: { items: [tooLong] } })],
  ['DELETE /carts/{user_id}', 404, () => ({ path: invalid })],
  ['GET /balances/{user_id}', 404, () => ({ path: { user_id: 'nobody' } })],
  ['GET /api/order/{order_uid}', 404, () => ({ path: { order_uid: 'unknown' } })],
  ['GET /order/{order_uid}', 404, () => ({ path: { order_uid: 'unknown' } })],
  ['POST /reports', 413, () => ({ body: { kind: tooLong } })],
  [
    'POST /reports',
    422,
    () => ({ body: { kind: 'orders', from: '2999-01-01T00:00:00Z', to: '2999-01-02T00:00:00Z', format: 'csv' } }),
  ],
  ['GET /reports/{id}', 404, () => ({ path: { id: unknownId } })],
];

describe('the OpenAPI document', () => {
  const simulation = new Simulation(1);
  let refundedOrder: string;
  const request = (...args: Parameters<Simulation['request']>) => simulation.runUntilDone(simulation.request(...args));

  beforeAll(async () => {
    await request('PUT /catalog/products/{sku}', { path: { sku: 'gig' }, body: { name: 'Gig', price: 10, stock: 5 } });
    const gold = { name: 'Gold', price: MAX_AMOUNT, stock: 5 };
    await request('PUT /catalog/products/{sku}', { path: { sku: 'gold' }, body: gold });
    await request('PUT /carts/{user_id}', { path: alice, body: { items: gig(1) } });
    await request('PUT /carts/{user_id}', {
      path: { user_id: 'rich' },
      body: { items: [{ sku: 'gold', quantity: 2 }] },
    });
    for (const user_id of ['alice', 'bob']) {
      await request('POST /payments/accounts', { body: { user_id }, ...key });
      await request('POST /payments/accounts/deposit', { body: { user_id, amount: 100 }, ...key });
    }
    refundedOrder = String((await request('POST /orders', { body: { user_id: 'alice', amount: 1 } })).body['id']);
    await simulation.settle();
    await request('POST /orders/{id}/refund', { path: { id: refundedOrder }, body: { reason: 'first' }, ...key });
    await simulation.settle();
    // The first request for an unknown document asks the store side.
    await request('GET /order/{order_uid}', { path: { order_uid: 'unknown' } });
    await simulation.settle();
  });

  test('declares for each of these operations the rejections that occur, and no other', () => {
    const declared = operations
      .filter(({ routeKey }) => rejections.some(([tested]) => tested === routeKey))
      .flatMap(({ routeKey, responses }) =>
        ['404', '409', '413', '422'].filter((status) => responses[status]).map((status) => `${status} ${routeKey}`),
      );
    expect(declared.toSorted()).toEqual(rejections.map(([routeKey, status]) => `${status} ${routeKey}`).toSorted());
  });

  test.each(rejections)('%s returns %i as declared', async (routeKey, status, requestFor) => {
    expect((await request(routeKey, requestFor(refundedOrder))).status).toBe(status);
  });

  test('names the Idempotency-Key only in operations that have one', () => {
    const naming = operations.filter((operation) => JSON.stringify(operation).includes('Idempotency-Key'));
    expect(naming.length).toBeGreaterThan(0);
    for (const { routeKey } of naming) expect(routeKey).toMatch(/^POST /);
  });

  test('says of no read that it may have taken effect', () => {
    for (const { routeKey, responses } of operations.filter((operation) => operation.routeKey.startsWith('GET ')))
      expect(responses['503']?.description ?? '', routeKey).not.toContain('may have taken effect');
  });
});
