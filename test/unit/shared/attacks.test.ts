import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { retryParked } from '../../../lambdas/shared/on-outbox-retry.ts';
import { relay } from '../../../lambdas/shared/relay.ts';
import { eventBridgeBus } from '../../../lambdas/shared/relay-ports.ts';
import { greeted, message, NotedQueue, noChaos, noon, steppingClock } from '../kit.ts';

const many = (count: number) => Array.from({ length: count }, (_, at) => greeted(`g${at}`));

describe('a bus that says no slowly', () => {
  const slow = (clock: ReturnType<typeof steppingClock>, ms: number) => async (events: readonly Envelope[]) => {
    clock.pass(ms);
    return events.map(() => 'ThrottlingException');
  };

  test('does not keep the relay from parking what it has, so that no shard stands still', async () => {
    const clock = steppingClock();
    const parked: Envelope[] = [];
    const park = async (events: readonly Envelope[]) => void parked.push(...events);
    await relay(many(100), { bus: slow(clock, 1000), clock, chaos: noChaos, park }, noon + 10_000);
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(parked.map(({ id }) => id)).toEqual(many(100).map(({ id }) => id));
  });

  test('does not keep parked events from being delayed, each by its count', async () => {
    const clock = steppingClock();
    const queue = new NotedQueue();
    const on = { queue, clock, relay: { bus: slow(clock, 1000), clock, chaos: noChaos } };
    const records = Array.from({ length: 10 }, (_, at) => message(`m${at}`, many(50), 3));
    const { batchItemFailures } = await retryParked({ Records: records }, on, noon + 10_000);
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(batchItemFailures).toHaveLength(10);
    expect(queue.delays.flat().map(({ seconds }) => seconds)).toEqual(Array.from({ length: 10 }, () => 4));
  });

  test('never makes one that was not tried for want of time be given up', async () => {
    const clock = steppingClock();
    const queue = new NotedQueue();
    const on = { queue, clock, relay: { bus: slow(clock, 1000), clock, chaos: noChaos } };
    const old = message('old', many(1), 100, noon - 25 * 3600 * 1000);
    await retryParked({ Records: [old] }, on, noon - 1);
    expect(queue.buried).toEqual([]);
  });
});

test('a bus that never answers is given up after some seconds, so that there is time to park', async () => {
  const server = createServer(() => undefined);
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  vi.stubEnv('AWS_ENDPOINT_URL', `http://127.0.0.1:${(server.address() as AddressInfo).port}`);
  vi.stubEnv('AWS_REGION', 'us-east-1');
  vi.stubEnv('AWS_ACCESS_KEY_ID', 'test');
  vi.stubEnv('AWS_SECRET_ACCESS_KEY', 'test');
  try {
    await expect(eventBridgeBus('shop')(many(1))).rejects.toMatchObject({ name: 'TimeoutError' });
  } finally {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  }
}, 10_000);

test('parked events are sent once each, however many of their parcel the bus refuses each time', async () => {
  const clock = steppingClock();
  const queue = new NotedQueue();
  const sent: string[] = [];
  let calls = 0;
  const bus = async (events: readonly Envelope[]) =>
    events.map(({ id }) => {
      // a fifth fails at each try: a parcel of 100 would never go through as a whole
      if (calls++ % 5 === 0) return 'refused';
      sent.push(id);
      return undefined;
    });
  const waiting = [message('m', many(100))];
  for (let record = waiting.shift(), round = 0; record && round < 20; record = waiting.shift(), round++) {
    const { batchItemFailures } = await retryParked(
      { Records: [record] },
      { queue, clock, relay: { bus, clock, chaos: noChaos } },
    );
    if (batchItemFailures.length > 0) waiting.push(record);
    for (const body of queue.putBacks.splice(0)) waiting.push(message('m', body));
  }
  expect(sent.toSorted()).toEqual(
    many(100)
      .map(({ id }) => id)
      .toSorted(),
  );
});
