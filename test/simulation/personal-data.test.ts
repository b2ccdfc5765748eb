import { marshall } from '@aws-sdk/util-dynamodb';
import type { Context, DynamoDBStreamEvent } from 'aws-lambda';
import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { OrderDocumentSubmitted } from '../../events/documents/order-document-submitted.ts';
import { OrderCreated } from '../../events/orders/order-created.ts';
import { handler as fallback } from '../../lambdas/ops/fallback.ts';
import { handler as publishOutbox } from '../../lambdas/relay/publish-outbox.ts';
import { logger } from '../../lambdas/shared/runtime/observability.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { captureLogs } from '../support/captured-logs.ts';
import { sample, textWith, uid } from '../support/documents.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

/** Each personal value of the sample document, and each long word of it, since a log line may hold a part. */
const personal = Object.values(sample.delivery).flatMap((value) => [
  value,
  ...value.split(/\s/).filter((word) => word.length > 4),
]);

const findPersonal = (lines: readonly string[]): string[] =>
  lines.filter((line) => personal.some((value) => line.includes(value)));

const cause = { time: '2026-01-01T00:00:00.000Z', correlation_id: uid, causation_id: 'request' };
const submitted = (document: string) =>
  JSON.stringify(OrderDocumentSubmitted.make({ order_uid: uid, document }, cause));
/** Broken at a personal value, where the parser quotes the text around the error. */
const brokenText = textWith().replace('"Ada Wright"', 'Wright');

const post = (simulation: Simulation, body: string) =>
  simulation.runUntilDone(simulation.request('POST /orders', { body }));
const get = (simulation: Simulation, order_uid: string) =>
  simulation.runUntilDone(simulation.request('GET /api/order/{order_uid}', { path: { order_uid } }));

const lambdaContext = { getRemainingTimeInMillis: () => 30_000 } as Context;

beforeAll(() => {
  vi.stubEnv('BUS_NAME', 'a-bus');
  vi.stubEnv('RETRY_QUEUE_URL', 'http://127.0.0.1:9/queue');
  vi.stubEnv('ROUTES', 'GET /orders');
});
afterAll(() => vi.unstubAllEnvs());

describe('no log line contains personal data of an order document', () => {
  test('that is stored, looked up and submitted again', async () => {
    const simulation = new Simulation();
    const lines = await captureLogs(async () => {
      await post(simulation, textWith());
      await simulation.settle();
      expect((await get(simulation, uid)).status).toBe(200);
      await post(simulation, textWith({ entry: 'AGAIN' }));
      await simulation.settle();
      await get(simulation, 'unknown');
    });
    expect(lines.join('')).toContain(`processed order ${uid}`);
    expect(findPersonal(lines)).toEqual([]);
  });

  test.each(Object.keys(sample.delivery))('whose field %s is invalid', async (field) => {
    const simulation = new Simulation();
    const invalid = textWith({ delivery: { ...sample.delivery, [field]: [sample.delivery.name] } });
    const lines = await captureLogs(async () => {
      expect((await post(simulation, invalid)).status).toBe(400);
      simulation.queues['order-documents'].send(submitted(invalid));
      await simulation.settle();
    });
    expect(lines.join('')).toContain('not an order document');
    expect(findPersonal(lines)).toEqual([]);
  });

  test('that is malformed JSON, alone or in a message', async () => {
    const simulation = new Simulation();
    const lines = await captureLogs(async () => {
      expect((await post(simulation, brokenText)).status).toBe(400);
      const notText = submitted('').replace('"document":""', `"document":${textWith()}`);
      for (const body of [submitted(brokenText), brokenText, notText]) simulation.queues['order-documents'].send(body);
      await simulation.settle();
    });
    expect(lines.filter((line) => line.includes('message dead-lettered'))).toHaveLength(3);
    expect(findPersonal(lines)).toEqual([]);
  });

  test('whose write fails with an error that carries the row', async () => {
    const simulation = new Simulation();
    const Item = marshall({ pk: `DOCUMENT#${uid}`, document: textWith() });
    simulation.documents.write = async () => {
      throw Object.assign(new Error('cancelled', { cause: { Item } }), { CancellationReasons: [{ Item }] });
    };
    const lines = await captureLogs(async () => {
      expect((await post(simulation, textWith())).status).toBe(500);
      simulation.queues['order-documents'].send(submitted(textWith()));
      await simulation.settle();
    });
    expect(lines.join('')).toContain('message failed');
    expect(findPersonal(lines)).toEqual([]);
  });

  test('that the bus refuses for more than a day', async () => {
    const simulation = new Simulation(1, { busFails: () => true });
    const lines = await captureLogs(async () => {
      await post(simulation, textWith());
      await simulation.settle();
    });
    expect(lines.join('')).toContain('parked events dead-lettered');
    expect(findPersonal(lines)).toEqual([]);
  });

  test('in an outbox record that cannot be read', async () => {
    const row: Row = { pk: `SUBMISSION#${uid}`, sk: 'OUTBOX#1', events: `[${brokenText}]`, expires_at: 1 };
    const record = { eventName: 'INSERT', dynamodb: { NewImage: marshall(row) } };
    const lines = await captureLogs(() => publishOutbox({ Records: [record] } as DynamoDBStreamEvent, lambdaContext));
    expect(lines.join('')).toContain(`SUBMISSION#${uid}`);
    expect(findPersonal(lines)).toEqual([]);
  });

  test('in the path of a request without a route', async () => {
    const path = `/orders/${sample.delivery.email}/x`;
    const event = { httpMethod: 'GET', path, pathParameters: { proxy: path.slice(1) }, headers: {} };
    const lines = await captureLogs(() => fallback(event as unknown as Parameters<typeof fallback>[0], lambdaContext));
    expect(lines.join('')).toContain('no route matches the request');
    expect(findPersonal(lines)).toEqual([]);
  });
});

describe('no log line contains the free text of an order', () => {
  const { name, email, phone, address } = sample.delivery;
  const item = { sku: 'gig', quantity: 1, seat: 'A1' };
  const body = { user_id: 'u1', items: [item], description: `for ${name}`, metadata: { contact: email, phone } };
  const reason = `${name} moved to ${address}`;

  async function createShop(faults: Faults = {}): Promise<Simulation> {
    const simulation = new Simulation(1, faults);
    const send = (route: string, request: Parameters<Simulation['request']>[1]) =>
      simulation.runUntilDone(simulation.request(route, request));
    const product = { name: 'Gig', price: 200, stock: 10 };
    expect((await send('PUT /catalog/products/{sku}', { path: { sku: 'gig' }, body: product })).status).toBe(200);
    expect((await send('POST /payments/accounts', { body: { user_id: 'u1' } })).status).toBe(201);
    const deposit = { user_id: 'u1', amount: 1000 };
    expect((await send('POST /payments/accounts/deposit', { body: deposit })).status).toBe(200);
    await simulation.settle();
    return simulation;
  }
  const place = (simulation: Simulation, order: unknown) =>
    simulation.runUntilDone(simulation.request('POST /orders', { body: order }));
  const refund = (simulation: Simulation, id: unknown) =>
    simulation.runUntilDone(
      simulation.request('POST /orders/{id}/refund', { path: { id: String(id) }, body: { reason } }),
    );
  const show = (simulation: Simulation, id: unknown) =>
    simulation.runUntilDone(simulation.request('GET /orders/{id}/workflow', { path: { id: String(id) } }));

  test('that is paid, gets a ticket or loses its seat, and is refunded', async () => {
    const simulation = await createShop();
    const lines = await captureLogs(async () => {
      const first = (await place(simulation, body)).body['id'];
      await simulation.settle();
      const second = (await place(simulation, body)).body['id'];
      await simulation.settle();
      expect((await show(simulation, second)).body['order']).toMatchObject({ reason: 'seat_taken' });
      expect((await refund(simulation, first)).status).toBe(202);
      await simulation.settle();
      expect((await show(simulation, first)).body['order']).toMatchObject({ status: 'REFUNDED' });
    });
    expect(lines.filter((line) => line.includes('event processed')).length).toBeGreaterThan(5);
    expect(findPersonal(lines)).toEqual([]);
  });

  test.each([
    ['description', { ...body, description: [name] }],
    ['metadata', { ...body, metadata: { contact: { email } } }],
    ['unknown field', { ...body, [email]: name }],
    ['malformed JSON', JSON.stringify(body).replace(`"for ${name}"`, name)],
  ])('that is rejected for its %s', async (_case, order) => {
    const simulation = await createShop();
    const lines = await captureLogs(async () => expect((await place(simulation, order)).status).toBe(400));
    expect(lines.join('')).toContain('request completed');
    expect(findPersonal(lines)).toEqual([]);
  });

  test('in an event that no consumer accepts, or that is malformed', async () => {
    const simulation = await createShop();
    const created = { order_id: 'a'.repeat(26), user_id: 'u1', amount: 1, created_at: '2026-01-01T00:00:00.000Z' };
    const event = OrderCreated.make({ ...created, description: `for ${name}` }, cause);
    const invalid = { ...event, data: { ...event.data, description: [name], amount: email } };
    const lines = await captureLogs(async () => {
      for (const message of [invalid, { ...event, version: 9 }, { ...event, type: 'OrderArchived' }])
        simulation.queues['order-payments'].send(JSON.stringify(message));
      simulation.queues['order-payments'].send(JSON.stringify(event).replace(`"for ${name}"`, name));
      await simulation.settle();
    });
    expect(lines.filter((line) => line.includes('message dead-lettered'))).toHaveLength(4);
    expect(findPersonal(lines)).toEqual([]);
  });

  test.each(['orders', 'payments', 'tickets'] as const)(
    'whose write to %s fails with an error that carries the row',
    async (table) => {
      const simulation = await createShop();
      const lines = await captureLogs(async () => {
        const Item = marshall(body);
        const { [table]: store } = simulation;
        const { write } = store;
        store.write = async () => {
          throw Object.assign(new Error('cancelled', { cause: { Item } }), { CancellationReasons: [{ Item }] });
        };
        const { body: placed } = await place(simulation, body);
        await simulation.settle();
        store.write = write;
        await refund(simulation, placed['id'] ?? 'a'.repeat(26));
        await simulation.settle();
      });
      expect(lines.join('')).toContain('cancelled');
      expect(findPersonal(lines)).toEqual([]);
    },
  );

  test('whose events the bus refuses for more than a day', async () => {
    let isRefusing = false;
    const simulation = await createShop({ busFails: () => isRefusing });
    const lines = await captureLogs(async () => {
      isRefusing = true;
      await place(simulation, body);
      await simulation.settle();
    });
    expect(lines.join('')).toContain('parked events dead-lettered');
    expect(findPersonal(lines)).toEqual([]);
  });
});

test('a log line shows the name, the message and the stack of an error and of its cause', async () => {
  const error = new TypeError('cannot read', { cause: new Error('the reason') });
  const [line = ''] = await captureLogs(async () => logger.error('failed', { error }));
  expect(JSON.parse(line)).toMatchObject({
    error: {
      name: 'TypeError',
      message: 'cannot read',
      stack: expect.stringContaining('personal-data.test.ts'),
      cause: { name: 'Error', message: 'the reason' },
    },
  });
});
