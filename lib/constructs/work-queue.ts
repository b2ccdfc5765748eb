import { Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { nameOf } from '../config.ts';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { alarm, minutes } from './monitoring.ts';
import { suppress } from './suppress.ts';

export interface WorkQueueProps {
  /** `order-payments`: the queue is `oncebox-<stage>-order-payments`, and its DLQ has `-dlq` behind it. */
  readonly queue: string;
  /** Of the function that works on it. */
  readonly timeout: Duration;
  /** The net for crashes: what fails is taken to the DLQ by the consumer itself, on its fifth failure. */
  readonly maxReceives?: number;
  readonly errorImpact: string;
  /** A message may wait this long before somebody is told. */
  readonly maxWait?: Duration;
}

/** A queue, its DLQ, and the two alarms that both need: something lies dead, or something has waited too long. */
export class WorkQueue extends Construct {
  readonly name: string;
  readonly queue: Queue;
  readonly dlq: Queue;
  readonly timeout: Duration;
  /** To put a message onto it. */
  readonly sends: Access;
  /** To take messages off it, give one back later or fresh, and bury one that cannot succeed. */
  readonly consumes: readonly Access[];

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { config } = Context.of(this);
    this.name = props.queue;
    this.timeout = props.timeout;
    const common = {
      encryption: QueueEncryption.SQS_MANAGED,
      enforceSSL: true,
      removalPolicy: RemovalPolicy.DESTROY,
    };
    this.dlq = new Queue(this, 'Dlq', {
      ...common,
      queueName: nameOf(config, `${props.queue}-dlq`),
      // the longest that SQS knows
      retentionPeriod: Duration.days(14),
    });
    suppress(this.dlq, {
      'AwsSolutions-SQS3': 'it is the DLQ',
      'Serverless-SQSRedrivePolicy': 'it is the DLQ',
    });
    this.queue = new Queue(this, 'Queue', {
      ...common,
      queueName: nameOf(config, props.queue),
      // SQS's own redrive keeps the time of the first sending: of a DLQ's 14 days at least ten are left to look at it.
      // The outbox-retry queue, which gives up after a day, is well within the four
      retentionPeriod: Duration.days(4),
      // at least 6 × the function's timeout, so that a slow batch is not delivered twice
      visibilityTimeout: Duration.seconds(6 * props.timeout.toSeconds()),
      deadLetterQueue: { queue: this.dlq, maxReceiveCount: props.maxReceives ?? 5 },
    });
    this.sends = { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] };
    this.consumes = [
      {
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes', 'sqs:ChangeMessageVisibility'],
        resources: [this.queue.queueArn],
      },
      { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn, this.dlq.queueArn] },
    ];

    alarm(this, 'DeadLetters', {
      name: `${props.queue}-dead-letters`,
      metric: this.dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      above: 0,
      errorImpact: props.errorImpact,
      runbook: 'dead-letters',
    });
    const mayWait = props.maxWait ?? minutes(5);
    alarm(this, 'Waiting', {
      name: `${props.queue}-waiting`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: minutes(1), statistic: 'Maximum' }),
      above: mayWait.toSeconds(),
      periods: 3,
      errorImpact: props.errorImpact,
      runbook: 'slow-queue',
    });
  }
}
