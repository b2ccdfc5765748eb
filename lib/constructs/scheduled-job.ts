import { Duration } from 'aws-cdk-lib';
import { Rule, Schedule } from 'aws-cdk-lib/aws-events';
import { LambdaFunction } from 'aws-cdk-lib/aws-events-targets';
import { EventInvokeConfig } from 'aws-cdk-lib/aws-lambda';
import { SqsDestination } from 'aws-cdk-lib/aws-lambda-destinations';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { Context } from './context.ts';
import { createDlq } from './dead-letter-queue.ts';
import { alarm, heartbeat, minutes } from './monitoring.ts';
import { type EnvSchema, ServiceFunction, type ServiceFunctionProps } from './service-function.ts';

export interface ScheduledJobProps<S extends EnvSchema> extends Omit<ServiceFunctionProps<S>, 'invokedBy'> {
  /** The minutes between two runs, a divisor of 60. */
  readonly everyMinutes: number;
  /** Who is affected, and how, when the job does not run. */
  readonly errorImpact: string;
  /** Whether the schedule runs, true by default. If false, the job is deployed but not invoked. */
  readonly enabled?: boolean;
}

/**
 * How long a run may wait or be repeated. The next run does the same work, so an old one is of no use. It covers the
 * longest time-out, four minutes, and Lambda's first retry, a minute later; only a shorter run is retried twice.
 */
const MAX_RUN_AGE = minutes(6);

/**
 * A handler that an EventBridge rule invokes by schedule. EventBridge only hands each run over to Lambda, which starts
 * it, and repeats it up to twice if it fails, for six minutes at most. The DLQ receives the runs that EventBridge could
 * not hand over, and those that failed at each attempt. A heartbeat tells when there are no runs at all, for example
 * because the rule is disabled.
 */
export class ScheduledJob<S extends EnvSchema> extends Construct {
  readonly job: ServiceFunction;

  constructor(scope: Construct, id: string, props: ScheduledJobProps<S>) {
    super(scope, id);
    const { everyMinutes, enabled = true } = props;
    const name = props.entry.replace(/\.ts$/, '').replace('/', '-');
    const dlq = createDlq(this, 'Missed', {
      config: Context.of(this).config,
      name: `${name}-dlq`,
      // A missed run is never repeated, so its record serves the inspection only, and the alarm ends with it.
      retention: Duration.days(1),
      reason: 'It is the DLQ of the schedule.',
    });
    this.job = new ServiceFunction(this, 'Function', {
      ...props,
      invokedBy: 'schedule',
      // Faults are injected into requests, messages and publishing, and jobs have none of these.
      chaos: false,
      // Lambda sends a failed run to the DLQ with the role of the function.
      access: [...(props.access ?? []), { actions: ['sqs:SendMessage'], resources: [dlq.queueArn] }],
    });
    new EventInvokeConfig(this, 'Invocation', {
      function: this.job.function,
      retryAttempts: 2,
      maxEventAge: MAX_RUN_AGE,
      onFailure: new SqsDestination(dlq),
    });
    new Rule(this, 'Schedule', {
      ruleName: this.job.name,
      description: props.description,
      // With a rate instead of a cron expression, one of the engines drifts away from the full minute.
      schedule: Schedule.expression(everyMinutes === 1 ? 'cron(* * * * ? *)' : `cron(0/${everyMinutes} * * * ? *)`),
      enabled,
      targets: [
        new LambdaFunction(this.job.function, { retryAttempts: 2, maxEventAge: MAX_RUN_AGE, deadLetterQueue: dlq }),
      ],
    });
    // A job that is switched off has no runs to miss.
    if (enabled) this.createAlarms(name, dlq, props);
  }

  private createAlarms(name: string, dlq: Queue, { everyMinutes, errorImpact }: ScheduledJobProps<S>): void {
    alarm(this, 'DeadLetters', {
      name: `${name}-missed`,
      metric: dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'missed-runs',
      isEssential: true,
      notifiesAlone: true,
    });
    heartbeat(this, 'Heartbeat', {
      name: `${name}-not-running`,
      metric: this.job.function.metricInvocations({ period: minutes(Math.max(5, everyMinutes)), statistic: 'Sum' }),
      // A single period has no run if one run is a little early and the next one a little late.
      periods: 3,
      errorImpact,
    });
  }
}
