import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';
import { describe, expect, test, vi } from 'vitest';
import type { Envelope } from '../../../../events/envelope.ts';
import { createEventBridgeBus } from '../../../../lambdas/relay/event-bus.ts';
import { retryParkedEvents } from '../../../../lambdas/relay/on-outbox-retry.ts';
import { relay } from '../../../../lambdas/relay/relay.ts';
import { AlreadyDone, Busy } from '../../../../lambdas/shared/runtime/errors.ts';
import { commit } from '../../../../lambdas/shared/store/commit.ts';
import { absent, type Row, type Store, type Write, WriteRefused } from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock, greeted, noChaos, noon, RecordingQueue, sqsRecord } from '../../../support/fixtures.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';

const key = { pk: 'P', sk: 'STATE' };

test('a read that is throttled is tried again by a commit until there is room, and given up as busy at its deadline', async () => {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  let left = 3;
  const store: Store = {
    ...table,
    get: async (wanted) => {
      if (left-- > 0) throw new Busy('no room');
      return table.get(wanted);
    },
  };
  const plan = async (read: Pick<Store, 'get'>) => {
    await read.get(key);
    return { writes: [{ op: 'put', row: key, when: absent } satisfies Write], result: 'done' };
  };
  expect(await commit({ store, clock, deadlineMs: noon + 5000 }, plan)).toBe('done');
  left = Number.POSITIVE_INFINITY;
  await expect(commit({ store, clock, deadlineMs: clock.now() + 5000 }, plan)).rejects.toBeInstanceOf(Busy);
});

describe('a decision that is there already', () => {
  const decided = (sk: string, more: object = {}): Write => ({
    op: 'put',
    row: { pk: 'P', sk, ...more },
    when: absent,
    decides: true,
  });

  test('never speaks for another that is not: a transaction decides one thing only', async () => {
    const clock = createSteppingClock();
    const store = createMemoryStore({ now: clock.now });
    await store.write([decided('A')], 'before');
    const both = commit({ store, clock, deadlineMs: noon + 100 }, async () => ({
      writes: [decided('A'), decided('B')],
      result: undefined,
    }));
    await expect(both).rejects.not.toBeInstanceOf(AlreadyDone);
    await expect(both).rejects.toThrow('one decision');
  });

  test('is read where the refusal did not bring it, never taken for what was to be written', async () => {
    const clock = createSteppingClock();
    const table = createMemoryStore({ now: clock.now });
    await table.write([decided('A', { by: 'the first' })], 'before');
    const silent: Store = {
      ...table,
      write: async (writes) => {
        throw new WriteRefused(writes.map(() => ({ kind: 'condition' })));
      },
    };
    const again = commit({ store: silent, clock, deadlineMs: noon + 100 }, async () => ({
      writes: [decided('A', { by: 'the second' })],
      result: undefined,
    }));
    await expect(again).rejects.toMatchObject({
      name: 'AlreadyDone',
      row: { by: 'the first' } satisfies Partial<Row>,
    });
  });
});

const many = (count: number) => Array.from({ length: count }, (_, at) => greeted(`g${at}`));

describe('a bus that says no slowly', () => {
  const slow = (clock: ReturnType<typeof createSteppingClock>, ms: number) => async (events: readonly Envelope[]) => {
    clock.pass(ms);
    return events.map(() => 'ThrottlingException');
  };

  test('does not keep the relay from parking what it has, so that no shard stands still', async () => {
    const clock = createSteppingClock();
    const parked: Envelope[] = [];
    const park = async (events: readonly Envelope[]) => void parked.push(...events);
    await relay(many(100), { bus: slow(clock, 1000), clock, chaos: noChaos, park }, noon + 10_000);
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(parked.map(({ id }) => id)).toEqual(many(100).map(({ id }) => id));
  });

  test('does not keep parked events from being delayed, each by its count', async () => {
    const clock = createSteppingClock();
    const queue = new RecordingQueue();
    const on = { queue, clock, relay: { bus: slow(clock, 1000), clock, chaos: noChaos } };
    const records = Array.from({ length: 10 }, (_, at) => sqsRecord(`m${at}`, many(50), 3));
    const { batchItemFailures } = await retryParkedEvents({ Records: records }, on, noon + 10_000);
    expect(clock.now() - noon).toBeLessThan(12_000);
    expect(batchItemFailures).toHaveLength(10);
    expect(queue.visibilityChanges.flat().map(({ seconds }) => seconds)).toEqual(Array.from({ length: 10 }, () => 4));
  });

  test('never makes one that was not tried for want of time be given up', async () => {
    const clock = createSteppingClock();
    const queue = new RecordingQueue();
    const on = { queue, clock, relay: { bus: slow(clock, 1000), clock, chaos: noChaos } };
    const old = sqsRecord('old', many(1), 100, noon - 25 * 3600 * 1000);
    await retryParkedEvents({ Records: [old] }, on, noon - 1);
    expect(queue.deadLettered).toEqual([]);
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
    await expect(createEventBridgeBus('shop')(many(1))).rejects.toMatchObject({ name: 'TimeoutError' });
  } finally {
    vi.unstubAllEnvs();
    server.closeAllConnections();
    server.close();
  }
}, 10_000);

test('parked events are sent once each, however many of their parcel the bus refuses each time', async () => {
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const sent: string[] = [];
  let calls = 0;
  const bus = async (events: readonly Envelope[]) =>
    events.map(({ id }) => {
      // a fifth fails at each try: a parcel of 100 would never go through as a whole
      if (calls++ % 5 === 0) return 'refused';
      sent.push(id);
      return undefined;
    });
  const waiting = [sqsRecord('m', many(100))];
  for (let record = waiting.shift(), round = 0; record && round < 20; record = waiting.shift(), round++) {
    const { batchItemFailures } = await retryParkedEvents(
      { Records: [record] },
      { queue, clock, relay: { bus, clock, chaos: noChaos } },
    );
    if (batchItemFailures.length > 0) waiting.push(record);
    for (const body of queue.requeued.splice(0)) waiting.push(sqsRecord('m', body));
  }
  expect(sent.toSorted()).toEqual(
    many(100)
      .map(({ id }) => id)
      .toSorted(),
  );
});
