import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { createEventBridgeBus } from '../../../lambdas/relay/event-bus.ts';
import { retryParkedEvents } from '../../../lambdas/relay/on-outbox-retry.ts';
import { relay, relayDeadlines } from '../../../lambdas/relay/relay.ts';
import { createSteppingClock, greeted, noChaos, noon, RecordingQueue, sqsRecord } from '../../support/fixtures.ts';

const createEvents = (count: number) => Array.from({ length: count }, (_, index) => greeted(`g${index}`));

describe('a bus that refuses slowly', () => {
  const createSlowBus =
    (clock: ReturnType<typeof createSteppingClock>, ms: number) => async (events: readonly Envelope[]) => {
      clock.pass(ms);
      return events.map(() => 'ThrottlingException');
    };

  test('leaves the relay enough time to park all events', async () => {
    const clock = createSteppingClock();
    const parked: Envelope[] = [];
    const park = async (events: readonly unknown[]) => void parked.push(...(events as Envelope[]));
    const ports = { bus: createSlowBus(clock, 1000), clock, chaos: noChaos, park };
    await relay(createEvents(100), ports, relayDeadlines(noon, 20_000));
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(parked.map(({ id }) => id)).toEqual(createEvents(100).map(({ id }) => id));
  });

  test('leaves enough time to set the delay of each parked message', async () => {
    const clock = createSteppingClock();
    const queue = new RecordingQueue();
    const deps = { queue, clock, bus: createSlowBus(clock, 1000), chaos: noChaos };
    const records = Array.from({ length: 10 }, (_, index) => sqsRecord(`m${index}`, createEvents(50), { receives: 3 }));
    const { batchItemFailures } = await retryParkedEvents({ Records: records }, deps, noon + 10_000);
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(batchItemFailures).toHaveLength(10);
    expect(queue.visibilityChanges.flat().map(({ seconds }) => seconds)).toEqual(Array.from({ length: 10 }, () => 4));
  });

  test('does not dead-letter a message that was not tried for lack of time', async () => {
    const clock = createSteppingClock();
    const queue = new RecordingQueue();
    const deps = { queue, clock, bus: createSlowBus(clock, 1000), chaos: noChaos };
    const old = sqsRecord('old', createEvents(1), { receives: 100, sentAt: noon - 25 * 3600 * 1000 });
    await retryParkedEvents({ Records: [old] }, deps, noon - 1);
    expect(queue.deadLettered).toEqual([]);
  });
});

test('a call of the bus times out early enough to park the events', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  try {
    await expect(createEventBridgeBus('shop')(createEvents(1))).rejects.toMatchObject({ name: 'TimeoutError' });
  } finally {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  }
}, 10_000);

test('parked events are sent once each, even if the bus refuses some at each attempt', async () => {
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const sent: string[] = [];
  let calls = 0;
  const bus = async (events: readonly Envelope[]) =>
    events.map(({ id }) => {
      // Every fifth event fails at each attempt, so 100 events would never be accepted together.
      if (calls++ % 5 === 0) return 'refused';
      sent.push(id);
      return undefined;
    });
  const waiting = [sqsRecord('m', createEvents(100))];
  for (let record = waiting.shift(), round = 0; record && round < 20; record = waiting.shift(), round++) {
    const { batchItemFailures } = await retryParkedEvents({ Records: [record] }, { queue, clock, bus, chaos: noChaos });
    if (batchItemFailures.length > 0) waiting.push(record);
    for (const { body } of queue.requeued.splice(0)) waiting.push(sqsRecord('m', body));
  }
  expect(sent.toSorted()).toEqual(
    createEvents(100)
      .map(({ id }) => id)
      .toSorted(),
  );
});
