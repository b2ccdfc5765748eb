import { beforeAll, describe, expect, test } from 'vitest';
import { METRICS_NAMESPACE, metricDefinitions } from '../../lambdas/shared/runtime/metric-registry.ts';
import type { Stage } from '../../lib/config.ts';
import { alarmsOf, metricsOf, nameOfAlarm } from '../support/alarms.ts';
import { emittedMetrics, identityOf, type MetricIdentity } from '../support/emitted-metrics.ts';
import { filesOf, textOf } from '../support/source-tree.ts';
import { type SynthesizedStage, synthesized } from '../support/synthesized.ts';

/** The processes that emit the metrics start slowly on a busy machine. These tests do not measure it. */
const TIMEOUT_MS = 120_000;

/** The metrics of AWS that alarms may watch, with the dimensions under which AWS publishes them. */
const AWS_METRICS: Readonly<Record<string, readonly string[]>> = {
  'AWS/ApiGateway 5XXError': ['ApiName', 'Stage'],
  'AWS/ApiGateway Latency': ['ApiName', 'Stage'],
  'AWS/Lambda Errors': ['FunctionName'],
  'AWS/Lambda Invocations': ['FunctionName'],
  'AWS/Lambda IteratorAge': ['FunctionName'],
  'AWS/Lambda RecursiveInvocationsDropped': ['FunctionName'],
  'AWS/Lambda Throttles': ['FunctionName'],
  'AWS/SQS ApproximateAgeOfOldestMessage': ['QueueName'],
  'AWS/SQS ApproximateNumberOfMessagesVisible': ['QueueName'],
};

const namesOf = ({ resources }: SynthesizedStage, ...properties: string[]): string[] =>
  resources.flatMap(({ Properties }) => properties.flatMap((property) => Properties?.[property] ?? []).map(String));

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const dev = synthesized('dev');
const prod = synthesized('prod', { balances: { updates: 'on' }, backup: { copyRegion: 'eu-west-1' } });
/** What the functions of prod write to their logs. */
let emitted: MetricIdentity[] = [];
beforeAll(async () => {
  emitted = await emittedMetrics(prod);
}, TIMEOUT_MS);

test('an alarm watches only metrics that the functions emit with exactly its dimensions', () => {
  const identities = new Set(emitted.map(identityOf));
  const watched = alarmsOf(prod).flatMap((alarm) => metricsOf(alarm, prod));
  const own = watched.filter(({ namespace }) => namespace === METRICS_NAMESPACE).map(identityOf);
  expect(own.length).toBeGreaterThan(20);
  expect(own.filter((identity) => !identities.has(identity))).toEqual([]);
});

describe.each<[Stage, SynthesizedStage]>([
  ['dev', dev],
  ['prod', prod],
])('the alarms of %s', (name, stage) => {
  const watched = alarmsOf(stage).flatMap((alarm) =>
    metricsOf(alarm, stage).map((metric) => ({ alarm: nameOfAlarm(alarm), metric })),
  );

  test('watch only the own stage', () => {
    for (const { alarm, metric } of watched) {
      const text = Object.values(metric.dimensions).join(' ');
      expect(text, `${alarm} watches ${identityOf(metric)}`).toMatch(new RegExp(`(^| )${name}( |$)|oncebox-${name}-`));
    }
  });

  test('watch metrics of AWS with the dimensions of AWS, for resources that exist', () => {
    const names = new Set([name, ...namesOf(stage, 'FunctionName', 'QueueName', 'Name')]);
    for (const { alarm, metric } of watched) {
      if (metric.namespace === METRICS_NAMESPACE) continue;
      const dimensions = AWS_METRICS[`${metric.namespace} ${metric.name}`];
      expect(Object.keys(metric.dimensions).toSorted(), alarm).toEqual(dimensions);
      for (const value of Object.values(metric.dimensions)) expect(names, alarm).toContain(value);
    }
  });
});

const failures = Object.entries(metricDefinitions).filter(([, { kind }]) => kind === 'failure');

test.each(failures)('the failure metric %s has an alarm wherever it is emitted', (name, definition) => {
  const alarms = alarmsOf(prod);
  if ('coveredBy' in definition) {
    const covering = alarms.map(nameOfAlarm).filter((alarm) => alarm.endsWith(definition.coveredBy));
    expect(covering.length).toBeGreaterThan(0);
    return;
  }
  const watched = new Set(alarms.flatMap((alarm) => metricsOf(alarm, prod)).map(identityOf));
  const identities = emitted.filter((metric) => metric.name === name).map(identityOf);
  expect(identities.length, 'the code emits it').toBeGreaterThan(0);
  expect(identities.filter((identity) => !watched.has(identity))).toEqual([]);
});

test.each(Object.keys(metricDefinitions))('the declared metric %s is emitted by the code', (name) => {
  const emitting = filesOf('lambdas/**/*.ts').filter(
    (file) => !file.endsWith('metric-registry.ts') && textOf(file).includes(`'${name}'`),
  );
  expect(emitting.length).toBeGreaterThan(0);
});
