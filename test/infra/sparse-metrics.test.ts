import { Metrics } from '@aws-lambda-powertools/metrics';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { retryDelaySeconds, retryParkedEvents } from '../../lambdas/relay/on-outbox-retry.ts';
import { settleMessages } from '../../lambdas/shared/messaging/settle.ts';
import type { SecondsMetric } from '../../lambdas/shared/runtime/metric-registry.ts';
import type { SourceEvent } from '../../lambdas/webhooks/order-event.ts';
import { rotateKeys } from '../../lambdas/webhooks/rotate-keys.ts';
import { type AlarmSpan, alarmSpans, type Datapoint } from '../support/alarm-rule.ts';
import { alarmsOf, nameOfAlarm } from '../support/alarms.ts';
import { createSteppingClock, greeted, noChaos, RecordingQueue, sqsRecord } from '../support/fixtures.ts';
import { textOf } from '../support/source-tree.ts';
import { synthesized } from '../support/synthesized.ts';
import { WebhookSimulation } from '../support/webhook-simulation.ts';

// Some metrics exist only when something is tried again, and the times between two attempts grow. Their alarms must
// start although most periods have no data, and must not end before the failure does.

const MINUTE_MS = 60_000;
const HOUR_MS = 60 * MINUTE_MS;

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const prod = synthesized('prod');
const alarmOf = (name: string) => {
  const found = alarmsOf(prod).find((alarm) => nameOfAlarm(alarm) === `oncebox-prod-${name}`);
  if (!found) throw new Error(`there is no alarm ${name}`);
  return found;
};

let nowMs: () => number;
const emitted = new Map<string, Datapoint[]>();
beforeEach(() => {
  emitted.clear();
  vi.spyOn(Metrics.prototype, 'addMetric').mockImplementation((name, _unit, value) => {
    emitted.set(name, [...(emitted.get(name) ?? []), { timeMs: nowMs(), value }]);
    return undefined as unknown as Metrics;
  });
});
afterEach(() => {
  vi.restoreAllMocks();
});
const spansOf = (alarm: string, metric: SecondsMetric, untilMs: number): AlarmSpan[] =>
  alarmSpans(alarmOf(alarm), emitted.get(metric) ?? [], untilMs);

describe('the alarm starts once, and ends after the failure', () => {
  test.each([1, 2, 3])('webhooks-failing, for one receiver that is down for twelve hours (seed %i)', async (seed) => {
    const simulation = new WebhookSimulation(seed);
    const { clock } = simulation;
    nowMs = clock.now;
    const startMs = clock.now();
    const upMs = startMs + 12 * HOUR_MS;
    await simulation.addWebhook('down', (_random, timeMs) => (timeMs < upMs ? 502 : 'accepts'));
    await simulation.addWebhook('up', () => 'accepts');
    await simulation.publish(JSON.parse(textOf('events/payments/samples/payment-authorized.v1.json')) as SourceEvent);
    await simulation.settle();
    const spans = spansOf('webhooks-failing', 'WebhookFailingAge', upMs + 2 * HOUR_MS);
    expect(spans).toHaveLength(1);
    expect((spans[0]?.fromMs ?? 0) - startMs).toBeGreaterThan(HOUR_MS);
    expect((spans[0]?.fromMs ?? 0) - startMs).toBeLessThan(HOUR_MS + 20 * MINUTE_MS);
    expect(spans[0]?.toMs).toBeGreaterThan(upMs - MINUTE_MS);
    expect(spans[0]?.toMs).toBeLessThan(upMs + 31 * MINUTE_MS);
  });

  test('events-parked-for-long, for one message that the bus refuses for twelve hours', async () => {
    const clock = createSteppingClock();
    nowMs = clock.now;
    const startMs = clock.now();
    const ports = { bus: async () => ['refused'], clock, chaos: noChaos, queue: new RecordingQueue() };
    for (let receives = 1; clock.now() < startMs + 12 * HOUR_MS; receives++) {
      await retryParkedEvents({ Records: [sqsRecord('m', [greeted('ann')], { receives })] }, ports);
      clock.pass(retryDelaySeconds(receives) * 1000);
    }
    const spans = spansOf('events-parked-for-long', 'ParkedEventAge', clock.now());
    expect(spans).toHaveLength(1);
    expect((spans[0]?.fromMs ?? 0) - startMs).toBeLessThan(35 * MINUTE_MS);
    expect(spans[0]?.toMs).toBeGreaterThan(clock.now() - MINUTE_MS);
  });

  test('webhooks-key-rotated, for a rotation that the runs of an hour report', async () => {
    const clock = createSteppingClock();
    nowMs = clock.now;
    const startMs = clock.now();
    for (let run = 0; run < 48; run++) {
      await rotateKeys(clock.now(), async (timeMs) => timeMs - startMs <= HOUR_MS);
      clock.pass(HOUR_MS / 2);
    }
    const spans = alarmSpans(alarmOf('webhooks-key-rotated'), emitted.get('WebhookKeyRotated') ?? [], clock.now());
    expect(spans).toHaveLength(1);
    expect(spans[0]?.fromMs).toBe(startMs);
    expect(spans[0]?.toMs).toBeLessThan(startMs + 2 * HOUR_MS);
  });

  test('order-payments-requeued, for one message that is requeued for twelve hours', async () => {
    const clock = createSteppingClock();
    nowMs = clock.now;
    const startMs = clock.now();
    const queue = new RecordingQueue();
    const ports = { queue, clock, consumer: 'order-payments', recordDeadLetter: async () => undefined };
    let record = sqsRecord('m', greeted('ann'));
    while (clock.now() < startMs + 12 * HOUR_MS) {
      await settleMessages([{ record, outcome: 'requeue', isContended: true }], ports);
      const [requeued] = queue.requeued.splice(0);
      if (!requeued) throw new Error('the message was not requeued');
      clock.pass(requeued.delaySeconds * 1000);
      record = sqsRecord('m', greeted('ann'), { history: requeued.history });
    }
    const spans = spansOf('order-payments-requeued', 'RequeuedMessageAge', clock.now());
    expect(spans).toHaveLength(1);
    expect((spans[0]?.fromMs ?? 0) - startMs).toBeLessThan(25 * MINUTE_MS);
    expect(spans[0]?.toMs).toBeGreaterThan(clock.now() - MINUTE_MS);
  });
});

describe('messages that wait for a consumer that is stopped', () => {
  test.each(['webhook-deliveries', 'outbox-retry'])('start the alarm of %s, which needs no consumer', (queue) => {
    const { Namespace, MetricName, Threshold } = alarmOf(`${queue}-waiting`).Properties;
    expect({ Namespace, MetricName }).toEqual({ Namespace: 'AWS/SQS', MetricName: 'ApproximateAgeOfOldestMessage' });
    // The longest delay of a message that is tried again, 15 minutes, does not start it.
    expect(Threshold).toBe(30 * 60);
  });
});
