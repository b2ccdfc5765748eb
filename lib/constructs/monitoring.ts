import { ArnFormat, Duration, Stack } from 'aws-cdk-lib';
import { Alarm, ComparisonOperator, type IMetric, TreatMissingData } from 'aws-cdk-lib/aws-cloudwatch';
import { SnsAction } from 'aws-cdk-lib/aws-cloudwatch-actions';
import { Topic } from 'aws-cdk-lib/aws-sns';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { Context } from './context.ts';

export interface AlarmProps {
  /** `order-payments-dlq`: the alarm is `oncebox-<stage>-order-payments-dlq`. */
  readonly name: string;
  readonly metric: IMetric;
  /** The alarm sounds above this, */
  readonly above: number;
  /** in each of so many of the metric's periods. */
  readonly periods?: number;
  /** Whom it hurts, in a sentence: the first thing that the person on call reads. */
  readonly errorImpact: string;
  /** The article in docs/runbook.md that says what to do. */
  readonly runbook:
    | 'dead-letters'
    | 'slow-queue'
    | 'stalled-outbox'
    | 'stuck-orders'
    | 'drift'
    | 'errors'
    | 'throttles';
}

export const alarmTopicName = (config: StageConfig): string => nameOf(config, 'alarms');

/** Every alarm passes through here: each says whom it hurts and where its answer is, and on AWS each tells somebody. */
export function alarm(
  scope: Construct,
  id: string,
  { name, metric, above, periods = 1, errorImpact, runbook }: AlarmProps,
  config: StageConfig = Context.of(scope).config,
): Alarm {
  const made = new Alarm(scope, id, {
    alarmName: nameOf(config, name),
    alarmDescription: `${errorImpact}. What to do: docs/runbook.md#${runbook}`,
    metric,
    threshold: above,
    comparisonOperator: ComparisonOperator.GREATER_THAN_THRESHOLD,
    evaluationPeriods: periods,
    // an idle stage has no data, and that is no trouble
    treatMissingData: TreatMissingData.NOT_BREACHING,
  });
  if (config.onAws) {
    const arn = Stack.of(scope).formatArn({
      service: 'sns',
      resource: alarmTopicName(config),
      arnFormat: ArnFormat.NO_RESOURCE_NAME,
    });
    made.addAlarmAction(new SnsAction(Topic.fromTopicArn(scope, `${id}Topic`, arn)));
  }
  return made;
}

export const minutes = (count: number): Duration => Duration.minutes(count);
