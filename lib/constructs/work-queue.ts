import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MAX_RECEIVES_BEFORE_REDRIVE } from '../../lambdas/shared/messaging/receive-limit.ts';
import { nameOf } from '../config.ts';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { alarm, minutes } from './monitoring.ts';
import { suppress } from './suppress.ts';

export interface WorkQueueProps {
  /** `order-payments`: the queue is `oncebox-<stage>-order-payments`, and its DLQ has the suffix `-dlq`. */
  readonly queue: string;
  /** The timeout of the function that consumes the queue, 15 seconds by default. */
  readonly timeout?: Duration | undefined;
  readonly errorImpact: string;
  /** The age of the oldest message above which the alarm starts, 5 minutes by default. */
  readonly maxWait?: Duration;
}

/** A queue, its DLQ, and two alarms: one for dead letters, one for messages that wait too long. */
export class WorkQueue extends Construct {
  readonly name: string;
  readonly queue: Queue;
  readonly dlq: Queue;
  readonly timeout: Duration;
  readonly sends: Access;
  /** Allows receiving, deleting, delaying, requeueing and dead-lettering messages. */
  readonly consumes: readonly Access[];

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { config } = Context.of(this);
    this.name = props.queue;
    this.timeout = props.timeout ?? Duration.seconds(15);
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.dlq = new Queue(this, 'Dlq', {
      ...common,
      queueName: nameOf(config, `${props.queue}-dlq`),
      // The maximum that SQS allows.
      retentionPeriod: Duration.days(14),
    });
    suppress(this.dlq, {
      'AwsSolutions-SQS3': 'It is the DLQ.',
      'Serverless-SQSRedrivePolicy': 'It is the DLQ.',
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: nameOf(config, props.queue),
      // A message that SQS itself dead-letters keeps its first sending time. With 4 days here, at least 10 of the DLQ's
      // 14 days remain to inspect it. The outbox-retry queue gives up after one day, well within the 4 days.
      retentionPeriod: Duration.days(4),
      // AWS recommends at least six times the function's timeout, so that a slow batch is not delivered twice.
      visibilityTimeout: Duration.seconds(6 * this.timeout.toSeconds()),
      deadLetterQueue: { queue: this.dlq, maxReceiveCount: MAX_RECEIVES_BEFORE_REDRIVE },
    });
    this.sends = { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] };
    this.consumes = [
      {
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
        resources: [this.queue.queueArn],
      },
      { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn, this.dlq.queueArn] },
    ];
    this.createAlarms(props);
  }

  private createAlarms({ errorImpact, maxWait = minutes(5) }: WorkQueueProps): void {
    alarm(this, 'DeadLetters', {
      name: `${this.name}-dead-letters`,
      metric: this.dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'dead-letters',
    });
    alarm(this, 'Waiting', {
      name: `${this.name}-waiting`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: minutes(1), statistic: 'Maximum' }),
      above: maxWait.toSeconds(),
      periods: 3,
      errorImpact,
      runbook: 'slow-queue',
    });
  }
}
