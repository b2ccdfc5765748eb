import { createHash } from 'node:crypto';
import { createServer, type Server } from 'node:http';
import type { AddressInfo } from 'node:net';
import { afterAll, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest';
import { createEventBridgeBus, createParkingQueue } from '../../../lambdas/relay/event-bus.ts';
import { createSqsQueue } from '../../../lambdas/shared/messaging/sqs-queue.ts';
import { createSqsSender } from '../../../lambdas/shared/messaging/sqs-sender.ts';
import { eventOfSize, greeted } from '../../support/fixtures.ts';

interface Asked {
  readonly target: string;
  readonly body: Record<string, unknown> & { Entries?: Record<string, unknown>[]; MessageBody?: string };
}

/** Stands where AWS stands: remembers what the SDK has asked for, and answers what the test says. */
const asked: Asked[] = [];
let answer: (one: Asked) => unknown = () => ({});
let server: Server;
/** The address of a queue: the SDK calls it by its own host. */
const at = (queue: string) => `http://127.0.0.1:${(server.address() as AddressInfo).port}/000000000000/${queue}`;

beforeAll(async () => {
  server = createServer(async (request, response) => {
    const chunks: Buffer[] = [];
    for await (const chunk of request) chunks.push(chunk as Buffer);
    const one: Asked = {
      target: String(request.headers['x-amz-target']).split('.').at(-1) ?? '',
      body: JSON.parse(Buffer.concat(chunks).toString('utf8')),
    };
    asked.push(one);
    response.setHeader('content-type', 'application/x-amz-json-1.0');
    response.end(JSON.stringify(answer(one)));
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
});
afterAll(async () => {
  vi.unstubAllEnvs();
  server.closeAllConnections();
  await new Promise((resolve) => server.close(resolve));
});
beforeEach(() => {
  asked.length = 0;
  // SQS proves by a hash that it has taken the body as it was sent
  answer = ({ body }) => ({
    MessageId: 'm',
    MD5OfMessageBody: createHash('md5').update(String(body.MessageBody)).digest('hex'),
  });
});

describe('the bus', () => {
  test('is given each event whole, under its own source, type and time', async () => {
    answer = () => ({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    const event = greeted('alice');
    expect(await createEventBridgeBus('shop')([event])).toEqual([undefined]);
    expect(asked).toEqual([
      {
        target: 'PutEvents',
        body: {
          Entries: [
            {
              EventBusName: 'shop',
              Source: 'greetings',
              DetailType: 'Greeted',
              Time: Date.parse(event.time) / 1000,
              Detail: JSON.stringify(event),
            },
          ],
        },
      },
    ]);
  });

  test('has taken only what it confirms, entry by entry', async () => {
    answer = () => ({ FailedEntryCount: 1, Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }, {}] });
    const events = ['a', 'b', 'c', 'd'].map((name) => greeted(name));
    expect(await createEventBridgeBus('shop')(events)).toEqual([
      undefined,
      'ThrottlingException',
      'no result',
      'no result',
    ]);
  });
});

describe('the parking queue', () => {
  test('takes events in as few messages as its size allows, each a list that can be read again', async () => {
    const events = [...[100, 100, 50, 60].map((kb, nth) => eventOfSize(`w${nth}`, kb * 1024)), greeted('last')];
    await createParkingQueue(at('parked'))(events);
    const bodies = asked.map(({ body }) => String(body.MessageBody));
    expect(bodies.map((body) => JSON.parse(body).length)).toEqual([2, 3]);
    expect(bodies.flatMap((body) => JSON.parse(body))).toEqual(events);
    for (const body of bodies) expect(Buffer.byteLength(body)).toBeLessThan(256 * 1024);
    expect(asked.every(({ body }) => body['QueueUrl'] === at('parked'))).toBe(true);
  });

  test('takes by itself the largest event that an outbox record may hold', async () => {
    await createParkingQueue(at('parked'))([
      greeted('a'),
      eventOfSize('large', 199 * 1024),
      eventOfSize('next', 30 * 1024),
    ]);
    expect(asked.map(({ body }) => JSON.parse(String(body.MessageBody)).length)).toEqual([2, 1]);
  });
});

describe('a queue of a consumer', () => {
  const queue = () => createSqsQueue(at('work'), at('work-dlq'));

  test('takes a message back as a fresh one that comes later', async () => {
    await queue().requeue('{"a":1}', 2);
    expect(asked).toEqual([
      { target: 'SendMessage', body: { QueueUrl: at('work'), MessageBody: '{"a":1}', DelaySeconds: 2 } },
    ]);
  });

  test('buries a message in its DLQ with reason, times and count, a long reason cut short', async () => {
    await queue().deadLetter('{"a":1}', {
      reason: 'x'.repeat(5000),
      first_received_at: '2026-01-01T12:00:00.000Z',
      last_received_at: '2026-01-01T12:00:15.000Z',
      receive_count: 5,
    });
    const [{ body } = { body: {} as Asked['body'] }] = asked;
    expect(body).toMatchObject({ QueueUrl: at('work-dlq'), MessageBody: '{"a":1}' });
    expect(body['MessageAttributes']).toEqual({
      reason: { DataType: 'String', StringValue: 'x'.repeat(4000) },
      first_received_at: { DataType: 'String', StringValue: '2026-01-01T12:00:00.000Z' },
      last_received_at: { DataType: 'String', StringValue: '2026-01-01T12:00:15.000Z' },
      receive_count: { DataType: 'String', StringValue: '5' },
    });
  });

  test('buries a message even where its reason holds letters that no attribute may have', async () => {
    const epitaph = { first_received_at: 'a', last_received_at: 'b', receive_count: 1 };
    for (const reason of ['', 'Poison: not JSON: \u0000\ud800\uffff…', `${'x'.repeat(3999)}😀`])
      await queue().deadLetter('body', { ...epitaph, reason });
    const reasons = asked.map(
      ({ body }) => (body['MessageAttributes'] as { reason: { StringValue: string } }).reason.StringValue,
    );
    for (const reason of reasons) {
      expect(reason.length).toBeGreaterThan(0);
      expect(reason.isWellFormed()).toBe(true);
      expect(reason).toMatch(/^[\t\n\r\u0020-\ud7ff\ue000-\ufffd\u{10000}-\u{10ffff}]*$/u);
    }
  });

  test('delays messages ten at a time, and names those for which that failed', async () => {
    answer = ({ body }) => ({
      Successful: [],
      Failed: (body.Entries ?? [])
        .filter(({ ReceiptHandle }) => ReceiptHandle === 'h3' || ReceiptHandle === 'h11')
        .map(({ Id }) => ({ Id, Code: 'ReceiptHandleIsInvalid', SenderFault: true })),
    });
    const delays = Array.from({ length: 12 }, (_, nth) => ({ id: `m${nth}`, handle: `h${nth}`, seconds: nth }));
    expect(await queue().changeVisibility(delays)).toEqual(['m3', 'm11']);
    expect(asked.map(({ target, body }) => [target, body.Entries?.length])).toEqual([
      ['ChangeMessageVisibilityBatch', 10],
      ['ChangeMessageVisibilityBatch', 2],
    ]);
    expect(asked[1]?.body.Entries?.[1]).toMatchObject({ ReceiptHandle: 'h11', VisibilityTimeout: 11 });
  });
});

describe('a sender', () => {
  type Entry = { Id: string; MessageBody: string; DelaySeconds: number };
  const entriesIn = ({ body }: Asked) => (body.Entries ?? []) as unknown as Entry[];
  const taken = (entries: readonly Entry[]) => ({
    Successful: entries.map(({ Id, MessageBody }) => ({
      Id,
      MessageId: `m${Id}`,
      MD5OfMessageBody: createHash('md5').update(MessageBody).digest('hex'),
    })),
    Failed: [],
  });
  const messages = (count: number) => Array.from({ length: count }, (_, at) => ({ body: `b${at}`, delaySeconds: at }));

  test('sends by tens, each message with its own delay', async () => {
    answer = (one) => taken(entriesIn(one));
    await createSqsSender(at('ticks'))(messages(23));
    expect(asked.map((one) => entriesIn(one).length).sort()).toEqual([10, 10, 3]);
    const sent = asked.flatMap(entriesIn);
    expect(sent.map(({ MessageBody, DelaySeconds }) => `b${DelaySeconds}` === MessageBody)).not.toContain(false);
    expect(sent).toHaveLength(23);
  });

  test('sends again what was not taken, and nothing else', async () => {
    let calls = 0;
    answer = (one) => (calls++ === 0 ? taken(entriesIn(one).slice(1)) : taken(entriesIn(one)));
    await createSqsSender(at('ticks'))(messages(3));
    expect(asked.map((one) => entriesIn(one).map(({ MessageBody }) => MessageBody))).toEqual([
      ['b0', 'b1', 'b2'],
      ['b0'],
    ]);
  });

  test('says so where a message is never taken', async () => {
    answer = () => ({ Successful: [], Failed: [] });
    await expect(createSqsSender(at('ticks'))(messages(2))).rejects.toThrow('2 messages were not taken');
    expect(asked).toHaveLength(3);
  });

  test('has nothing to do with nothing', async () => {
    await createSqsSender(at('ticks'))([]);
    expect(asked).toEqual([]);
  });
});
