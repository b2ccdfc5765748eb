import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, Metric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { Context } from './context.ts';

export interface AlarmProps {
  /** `order-payments-dlq`: the alarm is `oncebox-<stage>-order-payments-dlq`. */
  readonly name: string;
  readonly metric: IMetric;
  /** The threshold, 0 by default. The alarm starts when the metric is above it. */
  readonly above?: number;
  /** The number of consecutive periods that must be above the threshold, 1 by default. */
  readonly periods?: number;
  /** Who is affected, and how, in one sentence without a full stop. The alarm text begins with it. */
  readonly errorImpact: string;
  /** The section in docs/runbook.md that says what to do. */
  readonly runbook:
    | 'dead-letters'
    | 'missed-runs'
    | 'slow-queue'
    | 'stalled-outbox'
    | 'stuck-orders'
    | 'drift'
    | 'errors'
    | 'throttles';
}

export const alarmTopicName = (config: StageConfig): string => nameOf(config, 'alarms');

/** Creates an alarm. Its text states the impact and the runbook section; on AWS it notifies the alarm topic. */
export function alarm(
  scope: Construct,
  id: string,
  { name, metric, above = 0, periods = 1, errorImpact, runbook }: AlarmProps,
  config: StageConfig = Context.of(scope).config,
): Alarm {
  const created = new Alarm(scope, id, {
    alarmName: nameOf(config, name),
    alarmDescription: `${errorImpact}. What to do: docs/runbook.md#${runbook}`,
    metric,
    threshold: above,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: periods,
    // An idle stage has no data, which is not an error.
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (config.onAws) {
    const arn = Stack.of(scope).formatArn({
      service: 'sns',
      resource: alarmTopicName(config),
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
    created.addAlarmAction(new SnsAction(Topic.fromTopicArn(scope, `${id}Topic`, arn)));
  }
  return created;
}

export const createMetric = (metricName: string, dimensionsMap: Record<string, string>, statistic = 'Sum'): Metric =>
  new Metric({ namespace: 'Oncebox', metricName, dimensionsMap, period: minutes(5), statistic });

export const minutes = (count: number): Duration => Duration.minutes(count);
