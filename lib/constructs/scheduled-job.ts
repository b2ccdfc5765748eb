import { Duration } from 'aws-cdk-lib';
import { Rule, type Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { alarm, minutes } from './monitoring.ts';
import { type EnvSchema, ServiceFunction, type ServiceFunctionProps } from './service-function.ts';
import { suppress } from './suppress.ts';

export interface ScheduledJobProps<S extends EnvSchema> extends Omit<ServiceFunctionProps<S>, 'invokedBy'> {
  /** A cron expression. With a rate, one of the engines drifts away from the full minute. */
  readonly schedule: Schedule;
  /** Who is affected, and how, when the job does not run. */
  readonly errorImpact: string;
  /** Whether the schedule runs, true by default. If false, the job is deployed but not invoked. */
  readonly enabled?: boolean;
}

/** A handler that an EventBridge rule invokes by schedule, and a DLQ for invocations that the rule could not make. */
export class ScheduledJob<S extends EnvSchema> extends Construct {
  readonly job: ServiceFunction;

  constructor(scope: Construct, id: string, { schedule, errorImpact, enabled = true, ...props }: ScheduledJobProps<S>) {
    super(scope, id);
    this.job = new ServiceFunction(this, 'Function', { ...props, invokedBy: 'schedule' });
    const dlq = new Queue(this, 'Missed', {
      queueName: `${this.job.name}-dlq`,
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      retentionPeriod: Duration.days(14),
    });
    suppress(dlq, {
      'AwsSolutions-SQS3': 'It is the DLQ of the schedule.',
      'Serverless-SQSRedrivePolicy': 'It is the DLQ of the schedule.',
    });
    new Rule(this, 'Schedule', {
      ruleName: this.job.name,
      description: props.description,
      schedule,
      enabled,
      targets: [
        new LambdaFunction(this.job.function, { retryAttempts: 2, maxEventAge: minutes(15), deadLetterQueue: dlq }),
      ],
    });
    alarm(this, 'DeadLetters', {
      name: `${props.entry.replace(/\.ts$/, '').replace('/', '-')}-missed`,
      metric: dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'dead-letters',
    });
  }
}
