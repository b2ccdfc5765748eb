import { Duration } from 'aws-cdk-lib';
import { Queue } from 'aws-cdk-lib/aws-sqs';
import { Construct } from 'constructs';
import { MAX_RECEIVES_BEFORE_REDRIVE } from '../../lambdas/shared/messaging/receive-limit.ts';
import { nameOf } from '../config.ts';
import { DEFAULT_TIMEOUT_S, VISIBILITY_PER_TIMEOUT } from '../limits.ts';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { createDlq, queueDefaults } from './dead-letter-queue.ts';
import { type AlarmProps, alarm, createMetric, minutes } from './monitoring.ts';

export interface WorkQueueProps {
  /** `order-payments`: the queue is `oncebox-<stage>-order-payments`, and its DLQ has the suffix `-dlq`. */
  readonly queue: string;
  /** The timeout of the function that consumes the queue, 15 seconds by default. */
  readonly timeout?: Duration | undefined;
  readonly errorImpact: string;
  /** The alarm for messages that wait too long, if the consumer records their age by a metric of its own. */
  readonly waiting?: Pick<AlarmProps, 'metric' | 'above' | 'periods' | 'datapoints' | 'runbook'>;
}

/** Messages are consumed within seconds. The consumer is stopped or too slow if one waits for so long. */
const MAX_WAIT = minutes(5);
/**
 * Contention and the wait for a prerequisite event end sooner, unless something is wrong: the relay retries a parked
 * event after 15 minutes at most, and five minutes are left for its delivery.
 */
const MAX_CONTENTION = minutes(20);

/** A queue, its DLQ, and three alarms: for dead letters, for messages that wait, and for messages that are requeued. */
export class WorkQueue extends Construct {
  readonly name: string;
  readonly queue: Queue;
  readonly dlq: Queue;
  readonly timeout: Duration;
  readonly sends: Access;
  /** Allows receiving, deleting, requeueing and dead-lettering messages. */
  readonly consumes: readonly Access[];
  /** Allows setting when a message that failed becomes visible again. */
  readonly delays: Access;

  constructor(scope: Construct, id: string, props: WorkQueueProps) {
    super(scope, id);
    const { config } = Context.of(this);
    this.name = props.queue;
    this.timeout = props.timeout ?? Duration.seconds(DEFAULT_TIMEOUT_S);
    this.dlq = createDlq(this, 'Dlq', {
      config,
      name: `${props.queue}-dlq`,
      // The maximum that SQS allows.
      retention: Duration.days(14),
      reason: 'It is the DLQ.',
    });
    this.queue = new Queue(this, 'Queue', {
      ...queueDefaults,
      queueName: nameOf(config, props.queue),
      // A message that SQS itself dead-letters keeps its first sending time. With 4 days here, at least 10 of the DLQ's
      // 14 days remain to inspect it. The outbox-retry queue gives up after one day, well within the 4 days.
      retentionPeriod: Duration.days(4),
      visibilityTimeout: Duration.seconds(VISIBILITY_PER_TIMEOUT * this.timeout.toSeconds()),
      deadLetterQueue: { queue: this.dlq, maxReceiveCount: MAX_RECEIVES_BEFORE_REDRIVE },
    });
    this.sends = { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn] };
    this.consumes = [
      {
        actions: ['sqs:ReceiveMessage', 'sqs:DeleteMessage', 'sqs:GetQueueAttributes'],
        resources: [this.queue.queueArn],
      },
      { actions: ['sqs:SendMessage'], resources: [this.queue.queueArn, this.dlq.queueArn] },
    ];
    this.delays = { actions: ['sqs:ChangeMessageVisibility'], resources: [this.queue.queueArn] };
    this.createAlarms(props);
  }

  private createAlarms({ errorImpact, waiting }: WorkQueueProps): void {
    alarm(this, 'DeadLetters', {
      name: `${this.name}-dead-letters`,
      metric: this.dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'dead-letters',
      isEssential: true,
      notifiesAlone: true,
    });
    alarm(this, 'Waiting', {
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: minutes(1), statistic: 'Maximum' }),
      above: MAX_WAIT.toSeconds(),
      periods: 3,
      runbook: 'slow-queue',
      ...waiting,
      name: `${this.name}-waiting`,
      errorImpact,
    });
    // SQS cannot tell the age of a requeued message, because every requeue sends a new one.
    if (!waiting)
      alarm(this, 'Requeued', {
        name: `${this.name}-requeued`,
        metric: createMetric(this, 'RequeuedMessageAge', { statistic: 'Maximum', consumer: this.name }),
        above: MAX_CONTENTION.toSeconds(),
        errorImpact,
        runbook: 'slow-queue',
      });
  }
}
