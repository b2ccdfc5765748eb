import { Duration } from 'aws-cdk-lib';
import { Rule, type Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarm, minutes } from './monitoring.ts';
import { type EnvSchema, ServiceFunction, type ServiceFunctionProps } from './service-function.ts';
import { suppress } from './suppress.ts';

export interface ScheduledJobProps<S extends EnvSchema> extends ServiceFunctionProps<S> {
  /** By cron: the rate of one engine drifts from the minute. */
  readonly schedule: Schedule;
  /** Whom it hurts when the job does not run. */
  readonly errorImpact: string;
  /** Off, the job is there and nobody calls it. */
  readonly enabled?: boolean;
}

/** The clock calls a handler: an EventBridge rule, and a DLQ for the calls that could not be made. */
export class ScheduledJob<S extends EnvSchema> extends Construct {
  readonly job: ServiceFunction;

  constructor(scope: Construct, id: string, { schedule, errorImpact, enabled = true, ...props }: ScheduledJobProps<S>) {
    super(scope, id);
    this.job = new ServiceFunction(this, 'Function', props);
    const missed = new Queue(this, 'Missed', {
      queueName: `${this.job.name}-dlq`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    suppress(missed, {
      'AwsSolutions-SQS3': 'it is the DLQ of the schedule',
      'Serverless-SQSRedrivePolicy': 'it is the DLQ of the schedule',
    });
    new Rule(this, 'Schedule', {
      ruleName: this.job.name,
      description: props.description,
      schedule,
      enabled,
      targets: [
        new LambdaFunction(this.job.function, { retryAttempts: 2, maxEventAge: minutes(15), deadLetterQueue: missed }),
      ],
    });
    alarm(this, 'DeadLetters', {
      name: `${props.entry.replace(/\.ts$/, '').replace('/', '-')}-missed`,
      metric: missed.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      above: 0,
      errorImpact,
      runbook: 'dead-letters',
    });
  }
}
