import { App, Stack } from 'aws-cdk-lib';
import { Template } from 'aws-cdk-lib/assertions';
import { Construct } from 'constructs';
import { describe, expect, test } from 'vitest';
import { configOf, nameOf, type Stage } from '../../lib/config.ts';
import { createContextAlarms } from '../../lib/constructs/aws-alarms.ts';
import { Context } from '../../lib/constructs/context.ts';
import { alarmsOf, childrenOf, compositeAlarmsOf, metricsOf, nameOfAlarm } from '../support/alarms.ts';
import { textOf } from '../support/source-tree.ts';
import { type Resource, type SynthesizedStage, synthesized } from '../support/synthesized.ts';

// Synthesized before the tests, because it may take longer than a test's timeout on a busy machine.
const dev = synthesized('dev');
const prod = synthesized('prod', { balances: { updates: 'on' }, backup: { copyRegion: 'eu-west-1' } });

describe.each<[Stage, SynthesizedStage]>([
  ['local', synthesized('local')],
  ['dev', dev],
  ['prod', prod],
])('each alarm of %s', (stageName, stage) => {
  const all = [...alarmsOf(stage), ...compositeAlarmsOf(stage)];

  test('states the impact and a section of the runbook that exists', () => {
    const runbook = textOf('docs/runbook.md');
    const sections = new Set(
      [...runbook.matchAll(/^## (.+)$/gm)].map(([, title = '']) => title.toLowerCase().replaceAll(' ', '-')),
    );
    for (const { Properties } of all) {
      const text = String(Properties['AlarmDescription']);
      expect(text).toMatch(/^[A-Z].{10,}\. What to do: docs\/runbook\.md#[a-z-]+$/);
      expect(sections).toContain(text.split('#')[1]);
    }
  });

  test('is in the table of the runbook', () => {
    const functions = stage.platform.contexts.flatMap((context) => context.functions);
    const prefix = nameOf(configOf(stageName), '');
    const names: Readonly<Record<string, readonly string[]>> = {
      context: stage.platform.contexts.map((context) => context.name),
      job: functions.filter(({ invokedBy }) => invokedBy === 'schedule').map(({ name }) => name.replace(prefix, '')),
      queue: stage.resources
        .filter(({ Type }) => Type === 'AWS::SQS::Queue')
        .map(({ Properties }) => String(Properties['QueueName']).replace(prefix, '')),
    };
    const table = textOf('docs/runbook.md')
      .split('\n')
      .filter((line) => line.startsWith('| ['));
    const documented = table
      .flatMap((line) => [...line.matchAll(/`([^`]+)`/g)])
      .flatMap(([, alarm = '']) => {
        const kind = /<(\w+)>/.exec(alarm)?.[1] ?? '';
        return (names[kind] ?? ['']).map((name) => prefix + alarm.replace(`<${kind}>`, name));
      });
    for (const existing of all) expect(documented).toContain(nameOfAlarm(existing));
  });
});

describe('the notifications of prod', () => {
  const composites = compositeAlarmsOf(prod);
  const isNotifying = ({ Properties }: Resource): boolean => Properties['AlarmActions'] !== undefined;
  const children = composites.flatMap((composite) => childrenOf(composite, prod));

  test('come from one composite alarm for each context, for the API and for throttles', () => {
    const inBackground = prod.platform.contexts.filter(({ functions }) =>
      functions.some(({ invokedBy }) => invokedBy !== 'api'),
    );
    expect(inBackground.length).toBeGreaterThanOrEqual(7);
    expect(composites.map(nameOfAlarm).toSorted()).toEqual(
      [...inBackground.map(({ name }) => name), 'api', 'throttles'].map((group) => `oncebox-prod-${group}`).toSorted(),
    );
    for (const composite of composites) expect(isNotifying(composite)).toBe(true);
  });

  test('come for each alarm exactly once: from its composite alarm, or from itself', () => {
    expect(new Set(children).size).toBe(children.length);
    const alarmNames = alarmsOf(prod).map(nameOfAlarm);
    for (const child of children) expect(alarmNames).toContain(child);
    for (const alarm of alarmsOf(prod)) {
      const name = nameOfAlarm(alarm);
      expect(isNotifying(alarm), name).toBe(!children.includes(name));
    }
  });

  test('come from dead letters, missed runs, expired records, failed backups and rotated keys themselves, which would hide later incidents', () => {
    const alone = alarmsOf(prod).filter(isNotifying);
    expect(alone.length).toBeGreaterThan(0);
    for (const { Properties } of alone)
      expect(Properties['AlarmName']).toMatch(
        /-(dead-letters|missed|outbox-expired|backup-failed|webhooks-key-rotated)$/,
      );
  });

  test('are sent when an alarm starts and when it ends', () => {
    for (const { Properties } of [...alarmsOf(prod), ...composites])
      expect(Properties['OKActions']).toEqual(Properties['AlarmActions']);
  });
});

test('each alarm of dev notifies for itself, when it starts and when it ends', () => {
  expect(compositeAlarmsOf(dev)).toEqual([]);
  for (const { Properties } of alarmsOf(dev)) {
    expect(Properties['AlarmActions']).toHaveLength(1);
    expect(Properties['OKActions']).toEqual(Properties['AlarmActions']);
  }
});

test('the alarms of dev tell of lost work, of jobs that stopped and of a broken API, since each costs $0.10', () => {
  const consumers = dev.platform.contexts
    .flatMap((context) => context.functions)
    .filter(({ invokedBy }) => invokedBy === 'queue');
  expect(alarmsOf(dev).flatMap((alarm) => metricsOf(alarm, dev))).toHaveLength(consumers.length + 11);
  const others = alarmsOf(dev)
    .map(nameOfAlarm)
    .filter((name) => !name.endsWith('-dead-letters'));
  expect(others.toSorted()).toEqual([
    'oncebox-dev-api-server-errors',
    'oncebox-dev-balances-sync-balances-missed',
    'oncebox-dev-balances-sync-balances-not-running',
    'oncebox-dev-orders-nudge-stuck-orders-missed',
    'oncebox-dev-orders-nudge-stuck-orders-not-running',
    'oncebox-dev-outbox-expired',
    'oncebox-dev-outbox-stalled',
    'oncebox-dev-outbox-unreadable',
    'oncebox-dev-stuck-orders',
    'oncebox-dev-webhooks-rotate-keys-missed',
    'oncebox-dev-webhooks-rotate-keys-not-running',
  ]);
});

test('an alarm on functions or on the API does not start at a single failure that passes', () => {
  const conditionOf = (name: string) =>
    alarmsOf(prod).find(({ Properties }) => Properties['AlarmName'] === `oncebox-prod-${name}`)?.Properties;
  expect(conditionOf('payments-errors')).toMatchObject({ EvaluationPeriods: 4, DatapointsToAlarm: 3 });
  expect(conditionOf('payments-throttles')).toMatchObject({ EvaluationPeriods: 3, DatapointsToAlarm: 3 });
  expect(conditionOf('api-server-errors')).toMatchObject({
    Statistic: 'Average',
    Threshold: 0.01,
    Period: 60,
    EvaluationPeriods: 5,
    DatapointsToAlarm: 3,
  });
  expect(conditionOf('api-latency')).toMatchObject({
    ExtendedStatistic: 'p90',
    Threshold: 3000,
    EvaluateLowSampleCountPercentile: 'ignore',
  });
});

describe('the alarm on errors', () => {
  const alarm = alarmsOf(prod).find(({ Properties }) => Properties['AlarmName'] === 'oncebox-prod-payments-errors');
  const queries = (alarm?.Properties['Metrics'] ?? []) as { Id: string; Expression?: string; ReturnData?: boolean }[];
  const idsOf = (kind: string) => queries.map(({ Id }) => Id).filter((id) => id.startsWith(kind));

  test('starts at more than one error in a hundred invocations of the context, however many there are', () => {
    const [errors, invocations] = [idsOf('errors'), idsOf('invocations')];
    expect(errors.length).toBeGreaterThan(1);
    expect(invocations).toHaveLength(errors.length);
    const rate = queries.find(({ ReturnData }) => ReturnData !== false);
    expect(rate?.Expression).toBe('IF(all_invocations > 0, 100 * all_errors / all_invocations, 0)');
    const sumOf = (id: string) => queries.find(({ Id }) => Id === id)?.Expression;
    expect(sumOf('all_errors')).toBe(`SUM(FILL([${errors.join(', ')}], 0))`);
    expect(sumOf('all_invocations')).toBe(`SUM(FILL([${invocations.join(', ')}], 0))`);
    expect(alarm?.Properties).toMatchObject({ Threshold: 1, ComparisonOperator: 'GreaterThanThreshold' });
  });

  test('compares the errors and the invocations of the same functions, in at most ten metrics', () => {
    for (const one of alarmsOf(prod).filter(({ Properties }) => String(Properties['AlarmName']).includes('-errors'))) {
      const metrics = metricsOf(one, prod);
      const functionsOf = (metric: string) =>
        metrics.filter(({ name }) => name === metric).map(({ dimensions }) => dimensions['FunctionName']);
      if (functionsOf('Errors').length === 0) continue;
      expect(functionsOf('Errors')).toEqual(functionsOf('Invocations'));
      expect(metrics.length).toBeLessThanOrEqual(10);
    }
  });

  test('of a context with more than five functions is divided', () => {
    const app = new App();
    const stack = new Stack(app, 'Large');
    const context = new Context(stack, 'Large', { config: configOf('prod'), errorImpact: 'Customers cannot buy' });
    for (const index of Array.from({ length: 7 }).keys())
      context.functions.push(
        Object.assign(new Construct(stack, `F${index}`), { name: `f${index}`, invokedBy: 'queue' as const }),
      );
    createContextAlarms(context);
    const alarms = Object.values(Template.fromStack(stack).findResources('AWS::CloudWatch::Alarm')) as Resource[];
    const functionsOf = ({ Properties }: Resource) => [
      ...new Set([...JSON.stringify(Properties['Metrics']).matchAll(/"Value":"(f\d)"/g)].map(([, name]) => name)),
    ];
    expect(Object.fromEntries(alarms.map((one) => [nameOfAlarm(one), functionsOf(one)]))).toEqual({
      'oncebox-prod-large-errors': ['f0', 'f1', 'f2', 'f3', 'f4'],
      'oncebox-prod-large-errors-2': ['f5', 'f6'],
      'oncebox-prod-large-loops-stopped': ['f0', 'f1', 'f2', 'f3', 'f4', 'f5', 'f6'],
    });
  });
});

test('the alarms on errors cover all functions but those of the API, whose failures the gateway counts', () => {
  const functions = prod.platform.contexts.flatMap((context) => context.functions);
  const watched = alarmsOf(prod).flatMap((alarm) => metricsOf(alarm, prod));
  const watchedFor = (metric: string) =>
    watched.filter(({ name }) => name === metric).map(({ dimensions }) => dimensions['FunctionName']);
  const names = (isWatched: (invokedBy: string) => boolean) =>
    functions.filter(({ invokedBy }) => isWatched(invokedBy)).map(({ name }) => name);
  const inBackground = names((invokedBy) => invokedBy !== 'api').toSorted();
  expect(watchedFor('Errors').toSorted()).toEqual(inBackground);
  expect(watchedFor('RecursiveInvocationsDropped').toSorted()).toEqual(inBackground);
  expect(watchedFor('Throttles').toSorted()).toEqual(names(() => true).toSorted());
  // The alarms on errors compare with the invocations, and the heartbeats watch those of the jobs.
  const jobs = names((invokedBy) => invokedBy === 'schedule');
  expect(watchedFor('Invocations').toSorted()).toEqual([...inBackground, ...jobs].toSorted());
});
