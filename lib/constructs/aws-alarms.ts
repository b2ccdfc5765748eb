import {
  AlarmRule,
  AlarmState,
  CompositeAlarm,
  type IMetric,
  MathExpression,
  Metric,
} from 'aws-cdk-lib/aws-cloudwatch';
import type { Construct } from 'constructs';
import { nameOf } from '../config.ts';
import type { Context } from './context.ts';
import { type AlarmGroup, alarm, describeAlarm, minutes, notify } from './monitoring.ts';
import type { StageStack } from './stage-stack.ts';

/** CloudWatch allows ten metrics in the expression of one alarm. */
const MAX_METRICS = 10;
/** Each function has two metrics in the expression of an error rate. */
const MAX_FUNCTIONS_OF_RATE = MAX_METRICS / 2;
/** One invocation in a hundred. A failed invocation is repeated, so few of them delay little. */
const MAX_FAILED_PERCENT = 1;
/** One response in a hundred. A single `busy` response to contended requests is not an incident. */
const MAX_ERROR_RATE = 0.01;
/** A request retries under contention for 5 s, and a lookup of a document waits for 2 s. Few requests may do either. */
const MAX_LATENCY_MS = 3000;

interface NamedGroup extends AlarmGroup {
  readonly name: string;
  readonly errorImpact: string;
}

/**
 * Creates the alarms on the functions of a context that only AWS supports, in the stack of the context. Where the stage
 * has composite alarms, these notify instead of the alarms of their group, so that one incident notifies once.
 */
export function createContextAlarms(context: Context): void {
  createFunctionAlarms(context);
  createCompositeAlarm(context, 'Composite', context);
}

/**
 * Watches the functions of a context together, so that one cause alerts once. The functions of the API are left out:
 * the gateway responds 502 when they fail, which its own alarm counts.
 */
function createFunctionAlarms(context: Context): void {
  const { name, functions, errorImpact } = context;
  const inBackground = functions.filter(({ invokedBy }) => invokedBy !== 'api');
  if (inBackground.length === 0) return;
  for (const [index, group] of chunksOf(inBackground, MAX_FUNCTIONS_OF_RATE).entries()) {
    const suffix = index === 0 ? '' : `-${index + 1}`;
    alarm(context, `Errors${suffix}`, {
      name: `${name}-errors${suffix}`,
      metric: failedPercentOf(group),
      above: MAX_FAILED_PERCENT,
      // Invocations of the last minutes may be counted late, so that the newest of the periods seems to have none.
      periods: 4,
      datapoints: 3,
      errorImpact,
      runbook: 'errors',
    });
  }
  // Lambda stops no loop of a function that allows loops, so this is one that nobody intended, or a consumer whose
  // setting was changed.
  const metric = sumOf('RecursiveInvocationsDropped', inBackground);
  alarm(context, 'StoppedLoops', { name: `${name}-loops-stopped`, metric, errorImpact, runbook: 'stopped-loops' });
}

const chunksOf = <T>(list: readonly T[], size: number): T[][] =>
  Array.from({ length: Math.ceil(list.length / size) }, (_, index) => list.slice(index * size, (index + 1) * size));

/** Returns how many of a hundred invocations failed, 0 if there were none. */
function failedPercentOf(functions: Context['functions']): IMetric {
  const period = minutes(5);
  const total = (metricName: string, prefix: string): IMetric => {
    const usingMetrics = metricsOf(metricName, functions, prefix);
    // A function that was not invoked has no data.
    const expression = `SUM(FILL([${Object.keys(usingMetrics).join(', ')}], 0))`;
    return new MathExpression({ expression, usingMetrics, label: metricName, period });
  };
  return new MathExpression({
    expression: 'IF(all_invocations > 0, 100 * all_errors / all_invocations, 0)',
    usingMetrics: { all_errors: total('Errors', 'errors'), all_invocations: total('Invocations', 'invocations') },
    label: 'failed percent',
    period,
  });
}

/** Throttles are a group of their own, because all functions share the concurrency of the account. */
export function createThrottleAlarms(stack: StageStack, contexts: readonly Context[]): void {
  const group = createGroup(stack, 'throttles', 'Requests fail, and messages and schedules are delayed');
  for (const { node, name, functions, errorImpact } of contexts)
    alarm(
      stack,
      `${node.id}Throttles`,
      // Lambda repeats a throttled invocation of a queue, a stream or a schedule, so a short peak is harmless.
      {
        name: `${name}-throttles`,
        metric: sumOf('Throttles', functions),
        periods: 3,
        errorImpact,
        runbook: 'throttles',
      },
      group,
    );
  createCompositeAlarm(stack, 'ThrottlesComposite', group);
}

const createGroup = ({ config }: StageStack, name: string, errorImpact: string): NamedGroup => ({
  name,
  errorImpact,
  config,
  alarms: [],
});

function sumOf(metricName: string, functions: Context['functions']): IMetric {
  if (functions.length > MAX_METRICS)
    throw new Error(
      `${functions.length} functions have the metric ${metricName}, but one alarm can watch ${MAX_METRICS}`,
    );
  const usingMetrics = metricsOf(metricName, functions, 'm');
  return new MathExpression({ expression: 'SUM(METRICS())', usingMetrics, label: metricName, period: minutes(5) });
}

/** Returns a metric of each function, by the ids that an expression uses. */
const metricsOf = (metricName: string, functions: Context['functions'], prefix: string): Record<string, Metric> =>
  Object.fromEntries(
    functions.map(({ name }, index) => [
      `${prefix}${index}`,
      new Metric({ namespace: 'AWS/Lambda', metricName, dimensionsMap: { FunctionName: name }, statistic: 'Sum' }),
    ]),
  );

/** Watches the responses of the gateway. Handlers respond 500 or 503 themselves, which is no error to Lambda. */
export function createApiAlarms(stack: StageStack): void {
  const { config } = stack;
  const group = createGroup(stack, 'api', 'Callers of the API get errors or wait for long');
  const metric = (metricName: string, statistic: string, period: number): Metric =>
    new Metric({
      namespace: 'AWS/ApiGateway',
      metricName,
      dimensionsMap: { ApiName: nameOf(config, 'api'), Stage: config.stage },
      statistic,
      period: minutes(period),
    });
  alarm(
    stack,
    'ApiServerErrors',
    {
      name: 'api-server-errors',
      // The average of this metric is its share of all responses.
      metric: metric('5XXError', 'Average', 1),
      above: MAX_ERROR_RATE,
      periods: 5,
      datapoints: 3,
      errorImpact: 'Callers of the API get errors that are not their fault',
      runbook: 'api-errors',
      isEssential: true,
    },
    group,
  );
  alarm(
    stack,
    'ApiLatency',
    {
      name: 'api-latency',
      // A percentile of too few samples tells nothing: p90 needs 100 samples, p99 would need 1,000.
      metric: metric('Latency', 'p90', 5),
      above: MAX_LATENCY_MS,
      periods: 3,
      evaluatesFewSamples: false,
      errorImpact: 'Callers of the API wait for seconds',
      runbook: 'api-latency',
    },
    group,
  );
  createCompositeAlarm(stack, 'ApiComposite', group);
}

/**
 * Creates the alarm that notifies for a group, if the stage has composite alarms. CloudWatch refuses a composite alarm
 * that names a missing alarm, and refuses to delete an alarm that is named. The rule refers to alarms of its own stack,
 * so CloudFormation updates the composite alarm after it has created an alarm and before it deletes one.
 */
function createCompositeAlarm(scope: Construct, id: string, { name, errorImpact, alarms, config }: NamedGroup): void {
  if (!config.compositeAlarms || alarms.length === 0) return;
  const composite = new CompositeAlarm(scope, id, {
    compositeAlarmName: nameOf(config, name),
    alarmDescription: describeAlarm(errorImpact, 'composite-alarms'),
    alarmRule: AlarmRule.anyOf(...alarms.map((child) => AlarmRule.fromAlarm(child, AlarmState.ALARM))),
  });
  notify(composite, config);
}
