import { describe, expect, test } from 'vitest';
import { createEventBridgeBus, createParkingQueue } from '../../../lambdas/relay/event-bus.ts';
import { clientSettings } from '../../../lambdas/shared/runtime/client-settings.ts';
import { FakeAws } from '../../support/fake-aws.ts';
import { eventOfSize, greeted } from '../../support/fixtures.ts';

const aws = new FakeAws().install();

describe('createEventBridgeBus', () => {
  test('sends each whole event with its source, type and time', async () => {
    aws.respond = () => ({ FailedEntryCount: 0, Entries: [{ EventId: '1' }] });
    const event = greeted('alice');
    expect(await createEventBridgeBus('shop')([event])).toEqual([undefined]);
    expect(aws.requests).toEqual([
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

  test('returns an error code for each entry that is not confirmed', async () => {
    aws.respond = () => ({
      FailedEntryCount: 1,
      Entries: [{ EventId: '1' }, { ErrorCode: 'ThrottlingException' }, {}],
    });
    const events = ['a', 'b', 'c', 'd'].map((name) => greeted(name));
    expect(await createEventBridgeBus('shop')(events)).toEqual([
      undefined,
      'ThrottlingException',
      'no result',
      'no result',
    ]);
  });
});

describe('createParkingQueue', () => {
  test('sends events in as few messages as their size allows, each a JSON array', async () => {
    const events = [...[100, 100, 50, 60].map((kb, index) => eventOfSize(`w${index}`, kb * 1024)), greeted('last')];
    await createParkingQueue(aws.queueUrl('parked'))(events);
    const bodies = aws.requests.map(({ body }) => String(body.MessageBody));
    expect(bodies.map((body) => JSON.parse(body).length)).toEqual([2, 3]);
    expect(bodies.flatMap((body) => JSON.parse(body))).toEqual(events);
    for (const body of bodies) expect(Buffer.byteLength(body)).toBeLessThan(256 * 1024);
    expect(aws.requests.every(({ body }) => body['QueueUrl'] === aws.queueUrl('parked'))).toBe(true);
  });

  test('sends the largest event that an outbox record may hold', async () => {
    await createParkingQueue(aws.queueUrl('parked'))([
      greeted('a'),
      eventOfSize('large', 199 * 1024),
      eventOfSize('next', 30 * 1024),
    ]);
    expect(aws.requests.map(({ body }) => JSON.parse(String(body.MessageBody)).length)).toEqual([2, 1]);
  });
});

describe('a call to a service that hangs', () => {
  /** Expects that a call ends by a deadline in 100 ms, long before the timeout of its request. */
  const endsByDeadline = async (call: (deadlineMs: number) => Promise<unknown>) => {
    aws.hangs = () => true;
    const startedAt = performance.now();
    await expect(call(Date.now() + 100)).rejects.toMatchObject({ name: 'AbortError' });
    expect(performance.now() - startedAt).toBeLessThan(clientSettings.requestHandler.requestTimeout);
  };

  test('ends by its deadline if it is the bus', () =>
    endsByDeadline((deadlineMs) => createEventBridgeBus('shop')([greeted('a')], deadlineMs)));

  test('ends by its deadline if it is the parking queue', () =>
    endsByDeadline((deadlineMs) => createParkingQueue(aws.queueUrl('parked'))([greeted('a')], deadlineMs)));
});
