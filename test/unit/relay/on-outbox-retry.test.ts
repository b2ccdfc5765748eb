import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { retryDelaySeconds, retryParkedEvents } from '../../../lambdas/relay/on-outbox-retry.ts';
import { createSteppingClock, greeted, noChaos, noon, RecordingQueue, sqsRecord } from '../../support/fixtures.ts';

const DAY = 24 * 3600 * 1000;

function createRetryDeps(accepts: (event: Envelope) => boolean) {
  const sent: string[] = [];
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const bus = async (events: readonly Envelope[]) =>
    events.map((event) => {
      if (!accepts(event)) return 'refused';
      sent.push(event.id);
      return undefined;
    });
  return { sent, clock, queue, bus, chaos: noChaos };
}
const failedIds = async (work: ReturnType<typeof retryParkedEvents>) =>
  (await work).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

describe('parked events', () => {
  test('are sent as soon as the bus accepts them', async () => {
    const deps = createRetryDeps(() => true);
    const events = Array.from({ length: 12 }, (_, index) => greeted(`g${index}`));
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events)] }, deps))).toEqual([]);
    expect(deps.sent).toEqual(events.map(({ id }) => id));
    expect(deps.queue.visibilityChanges).toEqual([]);
  });

  test('are retried after 1, 2, 4 … 512 and then every 900 seconds', () => {
    expect(Array.from({ length: 12 }, (_, index) => retryDelaySeconds(index + 1))).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900,
    ]);
    expect(retryDelaySeconds(5000)).toBe(900);
  });

  test('stay on the queue with that delay while the bus refuses all of a message', async () => {
    const deps = createRetryDeps(({ id }) => id !== 'Greeted:bad');
    const records = [
      sqsRecord('a', [greeted('bad')], { receives: 3 }),
      sqsRecord('b', [greeted('good')], { receives: 3 }),
    ];
    expect(await failedIds(retryParkedEvents({ Records: records }, deps))).toEqual(['a']);
    expect(deps.queue.visibilityChanges).toEqual([[{ id: 'a', handle: 'handle-a', seconds: 4 }]]);
    expect(deps.sent).toEqual(['Greeted:good']);
  });

  test('are requeued without those of their message that the bus accepted', async () => {
    const deps = createRetryDeps(({ id }) => id !== 'Greeted:bad');
    const records = [sqsRecord('a', [greeted('x'), greeted('bad'), greeted('y')], { receives: 3 })];
    expect(await failedIds(retryParkedEvents({ Records: records }, deps))).toEqual([]);
    expect(deps.sent).toEqual(['Greeted:x', 'Greeted:y']);
    expect(deps.queue.requeued.map(({ body }) => body)).toEqual([JSON.stringify([greeted('bad')])]);
  });

  test('are retried with their whole message if they cannot be requeued', async () => {
    const deps = createRetryDeps(({ id }) => id !== 'Greeted:bad');
    deps.queue.failing = { requeue: true };
    const records = [sqsRecord('a', [greeted('x'), greeted('bad')], { receives: 3 })];
    expect(await failedIds(retryParkedEvents({ Records: records }, deps))).toEqual(['a']);
  });

  test('are dead-lettered only after 24 hours', async () => {
    const deps = createRetryDeps(() => false);
    const events = [greeted('a'), greeted('b')];
    deps.clock.pass(DAY - 1000);
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events, { receives: 100 })] }, deps))).toEqual([
      'm',
    ]);
    expect(deps.queue.deadLettered).toEqual([]);
    deps.clock.pass(2000);
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events, { receives: 101 })] }, deps))).toEqual(
      [],
    );
    expect(deps.queue.deadLettered).toEqual([
      {
        body: JSON.stringify(events),
        details: {
          reason: 'the bus refused all 2 events for 24 h',
          first_received_at: new Date(noon + 1000).toISOString(),
          last_received_at: expect.stringMatching(/^2026-01-02T12:00:0/),
          receive_count: 101,
        },
      },
    ]);
  });

  test('are sent even after 24 hours if the bus accepts them', async () => {
    const deps = createRetryDeps(() => true);
    deps.clock.pass(3 * DAY);
    expect(
      await failedIds(retryParkedEvents({ Records: [sqsRecord('m', [greeted('a')], { receives: 200 })] }, deps)),
    ).toEqual([]);
    expect(deps.queue.deadLettered).toEqual([]);
    expect(deps.sent).toEqual(['Greeted:a']);
  });

  test('are sent although one of their message is unreadable, which alone is dead-lettered', async () => {
    const deps = createRetryDeps(({ id }) => id !== 'Greeted:bad');
    const body = [greeted('x'), { type: 'Greeted' }, greeted('bad')];
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', body, { receives: 3 })] }, deps))).toEqual([]);
    expect(deps.sent).toEqual(['Greeted:x']);
    expect(deps.queue.deadLettered.map(({ body }) => body)).toEqual([JSON.stringify([{ type: 'Greeted' }])]);
    expect(deps.queue.requeued).toEqual([
      {
        body: JSON.stringify([greeted('bad')]),
        delaySeconds: 1,
        history: expect.objectContaining({ receive_count: 3, waiting_since: new Date(noon).toISOString() }),
      },
    ]);
  });

  test('stay parked without their unreadable neighbour while the bus refuses all of them', async () => {
    const deps = createRetryDeps(() => false);
    const Records = [sqsRecord('m', [null, greeted('a'), greeted('b')])];
    expect(await failedIds(retryParkedEvents({ Records }, deps))).toEqual([]);
    expect(deps.queue.deadLettered.map(({ body }) => body)).toEqual(['[null]']);
    expect(deps.queue.requeued.map(({ body }) => body)).toEqual([JSON.stringify([greeted('a'), greeted('b')])]);
  });

  test('are given up 24 hours after they were first parked, also if they were requeued since', async () => {
    const deps = createRetryDeps(() => false);
    const history = { waiting_since: new Date(noon - DAY).toISOString() };
    deps.clock.pass(1);
    await retryParkedEvents({ Records: [sqsRecord('m', [greeted('a')], { history })] }, deps);
    expect(deps.queue.deadLettered).toHaveLength(1);
  });

  test.each(['{"half":', '{"not":"a list"}', '[{"not":"an envelope"}]', '[null]', 'null', ''])(
    'are sent although another message is malformed (%s), which is dead-lettered at once',
    async (body) => {
      const deps = createRetryDeps(() => true);
      const records = [sqsRecord('bad', body), sqsRecord('good', [greeted('alice')])];
      expect(await failedIds(retryParkedEvents({ Records: records }, deps))).toEqual([]);
      expect(deps.queue.deadLettered.map(({ body }) => body)).toEqual([body]);
      expect(deps.sent).toEqual(['Greeted:alice']);
    },
  );

  test('are retried without an error if they cannot be dead-lettered or delayed', async () => {
    const deps = createRetryDeps(() => false);
    deps.queue.failing = { deadLetter: true, changeVisibility: true };
    const records = [
      sqsRecord('old', [greeted('a')], { receives: 9, sentAt: noon - 2 * DAY }),
      sqsRecord('new', [greeted('b')], { receives: 1 }),
    ];
    expect(await failedIds(retryParkedEvents({ Records: records }, deps))).toEqual(['old', 'new']);
  });
});
