import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import {
  Alarm,
  type AlarmBase,
  type AlarmProps as AlarmSettings,
  ComparisonOperator,
  type IMetric,
  Metric,
  TreatMissingData,
} from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { METRICS_NAMESPACE, type MetricName } from '../../lambdas/shared/runtime/metric-registry.ts';
import { nameOf, type StageConfig } from '../config.ts';
import { Context } from './context.ts';

interface CommonProps {
  /** `order-payments-waiting`: the alarm is `oncebox-<stage>-order-payments-waiting`. */
  readonly name: string;
  readonly metric: IMetric;
  /** The number of consecutive periods that are examined, 1 by default. */
  readonly periods?: number;
  /** Who is affected, and how, in one sentence without a full stop. The alarm text begins with it. */
  readonly errorImpact: string;
}

export interface AlarmProps extends CommonProps {
  /** The threshold, 0 by default. The alarm starts when the metric is above it. */
  readonly above?: number;
  /** How many of the periods must be above the threshold, all by default. */
  readonly datapoints?: number;
  /** The section in docs/runbook.md that says what to do. */
  readonly runbook: RunbookSection;
  /** Keeps the alarm in a stage whose `alarms` are `essential`. */
  readonly isEssential?: true;
  /**
   * Lets the alarm notify for itself although a composite alarm notifies for its context. This is for conditions that
   * last until an operator acts: in a composite alarm, they would hide every later incident of the context.
   */
  readonly notifiesAlone?: true;
  /** Whether a percentile is evaluated for a period with too few samples for it, true by default. */
  readonly evaluatesFewSamples?: boolean;
}

export type RunbookSection =
  | 'dead-letters'
  | 'missed-runs'
  | 'missing-heartbeat'
  | 'slow-queue'
  | 'stopped-loops'
  | 'stalled-outbox'
  | 'parked-events'
  | 'unreadable-outbox-records'
  | 'stuck-orders'
  | 'failed-nudges'
  | 'missing-claims'
  | 'late-ticks'
  | 'drift'
  | 'failed-reports'
  | 'failing-webhooks'
  | 'rotated-webhook-key'
  | 'errors'
  | 'throttles'
  | 'api-errors'
  | 'api-latency'
  | 'failed-backups'
  | 'composite-alarms';

/** Alarms for which one composite alarm notifies, where the stage has composite alarms. */
export interface AlarmGroup {
  readonly config: StageConfig;
  /** The alarms that do not notify for themselves, all in one stack. */
  readonly alarms: Alarm[];
}

/** Creates an alarm, unless the stage leaves it out. Its text states the impact and the runbook section. */
export function alarm(scope: Construct, id: string, props: AlarmProps, group: AlarmGroup = Context.of(scope)): void {
  const { above = 0, periods = 1, datapoints = periods, evaluatesFewSamples = true } = props;
  createAlarm(scope, id, group, {
    ...props,
    condition: {
      threshold: above,
      comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
      datapointsToAlarm: datapoints,
      // An idle stage has no data, which is not an error.
      treatMissingData: TreatMissingData.NOT_BREACHING,
      ...(evaluatesFewSamples ? {} : { evaluateLowSampleCountPercentile: 'ignore' }),
    },
  });
}

/** Creates an alarm that starts when nothing is counted, for what must happen all the time. */
export function heartbeat(scope: Construct, id: string, props: CommonProps): void {
  createAlarm(scope, id, Context.of(scope), {
    ...props,
    runbook: 'missing-heartbeat',
    isEssential: true,
    condition: {
      threshold: 1,
      comparisonOperator: ComparisonOperator.LESS_THAN_THRESHOLD,
      // A function that is not invoked has no data.
      treatMissingData: TreatMissingData.BREACHING,
    },
  });
}

interface ConditionProps extends Pick<AlarmProps, keyof CommonProps | 'runbook' | 'isEssential' | 'notifiesAlone'> {
  readonly condition: Omit<AlarmSettings, 'metric' | 'evaluationPeriods'>;
}

function createAlarm(scope: Construct, id: string, { config, alarms }: AlarmGroup, props: ConditionProps): void {
  const { name, metric, periods = 1, errorImpact, runbook, isEssential, notifiesAlone, condition } = props;
  if (config.alarms === 'essential' && !isEssential) return;
  const created = new Alarm(scope, id, {
    ...condition,
    alarmName: nameOf(config, name),
    alarmDescription: describeAlarm(errorImpact, runbook),
    metric,
    evaluationPeriods: periods,
  });
  if (config.compositeAlarms && !notifiesAlone) alarms.push(created);
  else if (config.onAws) notify(created, config);
}

export const describeAlarm = (errorImpact: string, runbook: RunbookSection): string =>
  `${errorImpact}. What to do: docs/runbook.md#${runbook}`;

export const alarmTopicName = (config: StageConfig): string => nameOf(config, 'alarms');

/** Notifies the alarm topic when the alarm starts and when it ends. */
export function notify(target: AlarmBase, config: StageConfig): void {
  const arn = Stack.of(target).formatArn({
    service: 'sns',
    resource: alarmTopicName(config),
    arnFormat: ArnFormat.NO_RESOURCE_NAME,
  });
  const action = new SnsAction(Topic.fromTopicArn(target, 'Topic', arn));
  target.addAlarmAction(action);
  target.addOkAction(action);
}

interface MetricOptions {
  readonly statistic?: 'Sum' | 'Maximum';
  readonly period?: Duration;
  /** The consumer that emits the metric, for a metric that is per consumer. */
  readonly consumer?: string;
}

/** Returns a metric that the functions of the context around `scope` emit. */
export function createMetric(scope: Construct, metricName: MetricName, options: MetricOptions = {}): Metric {
  const { statistic = 'Sum', period = minutes(5), consumer } = options;
  const { name: service, config } = Context.of(scope);
  return new Metric({
    namespace: METRICS_NAMESPACE,
    metricName,
    dimensionsMap: { stage: config.stage, service, ...(consumer === undefined ? {} : { consumer }) },
    period,
    statistic,
  });
}

export const minutes = (count: number): Duration => Duration.minutes(count);
