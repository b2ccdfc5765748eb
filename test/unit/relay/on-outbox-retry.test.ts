import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { retryDelaySeconds, retryParkedEvents } from '../../../lambdas/relay/on-outbox-retry.ts';
import { createSteppingClock, greeted, noChaos, noon, RecordingQueue, sqsRecord } from '../../support/fixtures.ts';

const DAY = 24 * 3600 * 1000;

function footing(takes: (event: Envelope) => boolean) {
  const sent: string[] = [];
  const clock = createSteppingClock();
  const queue = new RecordingQueue();
  const bus = async (events: readonly Envelope[]) =>
    events.map((event) => {
      if (!takes(event)) return 'refused';
      sent.push(event.id);
      return undefined;
    });
  return { sent, clock, queue, relay: { bus, clock, chaos: noChaos } };
}
const failedIds = async (work: ReturnType<typeof retryParkedEvents>) =>
  (await work).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier);

describe('events that were parked', () => {
  test('are sent as soon as the bus takes them, and are done with', async () => {
    const on = footing(() => true);
    const events = Array.from({ length: 12 }, (_, at) => greeted(`g${at}`));
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events)] }, on))).toEqual([]);
    expect(on.sent).toEqual(events.map(({ id }) => id));
    expect(on.queue.visibilityChanges).toEqual([]);
  });

  test('wait 1, 2, 4 … 512 and then 900 seconds between tries', () => {
    expect(Array.from({ length: 12 }, (_, at) => retryDelaySeconds(at + 1))).toEqual([
      1, 2, 4, 8, 16, 32, 64, 128, 256, 512, 900, 900,
    ]);
    expect(retryDelaySeconds(5000)).toBe(900);
  });

  test('stay on the queue with that wait while the bus takes none of them', async () => {
    const on = footing(({ id }) => id !== 'Greeted:bad');
    const records = [sqsRecord('a', [greeted('bad')], 3), sqsRecord('b', [greeted('good')], 3)];
    expect(await failedIds(retryParkedEvents({ Records: records }, on))).toEqual(['a']);
    expect(on.queue.visibilityChanges).toEqual([[{ id: 'a', handle: 'handle-a', seconds: 4 }]]);
    expect(on.sent).toEqual(['Greeted:good']);
  });

  test('go on by themselves where the bus has taken others of their message', async () => {
    const on = footing(({ id }) => id !== 'Greeted:bad');
    const records = [sqsRecord('a', [greeted('x'), greeted('bad'), greeted('y')], 3)];
    expect(await failedIds(retryParkedEvents({ Records: records }, on))).toEqual([]);
    expect(on.sent).toEqual(['Greeted:x', 'Greeted:y']);
    expect(on.queue.requeued).toEqual([JSON.stringify([greeted('bad')])]);
  });

  test('stay with the others of their message where they cannot be put back', async () => {
    const on = footing(({ id }) => id !== 'Greeted:bad');
    on.queue.fails = { putBack: true };
    const records = [sqsRecord('a', [greeted('x'), greeted('bad')], 3)];
    expect(await failedIds(retryParkedEvents({ Records: records }, on))).toEqual(['a']);
  });

  test('are given up only after 24 hours, to the DLQ, with what an operator wants to know', async () => {
    const on = footing(() => false);
    const events = [greeted('a'), greeted('b')];
    on.clock.pass(DAY);
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events, 100)] }, on))).toEqual(['m']);
    expect(on.queue.deadLettered).toEqual([]);
    on.clock.pass(1);
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', events, 101)] }, on))).toEqual([]);
    expect(on.queue.deadLettered).toEqual([
      {
        body: JSON.stringify(events),
        epitaph: {
          reason: 'the bus took none of 2 events for 24 h',
          first_received_at: new Date(noon + 1000).toISOString(),
          last_received_at: new Date(noon + DAY + 1).toISOString(),
          receive_count: 101,
        },
      },
    ]);
  });

  test('are sent even after 24 hours where the bus takes them at last', async () => {
    const on = footing(() => true);
    on.clock.pass(3 * DAY);
    expect(await failedIds(retryParkedEvents({ Records: [sqsRecord('m', [greeted('a')], 200)] }, on))).toEqual([]);
    expect(on.queue.deadLettered).toEqual([]);
    expect(on.sent).toEqual(['Greeted:a']);
  });

  test.each(['{"half":', '{"not":"a list"}', '[{"not":"an envelope"}]', '[null]', 'null', ''])(
    'have a neighbour that is no parcel of ours (%s): it is buried at once, and they are sent',
    async (body) => {
      const on = footing(() => true);
      const records = [sqsRecord('bad', body), sqsRecord('good', [greeted('alice')])];
      expect(await failedIds(retryParkedEvents({ Records: records }, on))).toEqual([]);
      expect(on.queue.deadLettered.map(({ body }) => body)).toEqual([body]);
      expect(on.sent).toEqual(['Greeted:alice']);
    },
  );

  test('come again where they could not be buried or delayed, and nothing is thrown', async () => {
    const on = footing(() => false);
    on.queue.fails = { bury: true, delay: true };
    const records = [sqsRecord('old', [greeted('a')], 9, noon - 2 * DAY), sqsRecord('new', [greeted('b')], 1)];
    expect(await failedIds(retryParkedEvents({ Records: records }, on))).toEqual(['old', 'new']);
  });
});
