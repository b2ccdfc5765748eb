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
  /** Holds each message back for this time before its first receive. */
  readonly delay?: Duration | undefined;
  /**
   * The alarm for messages that are tried again for hours, if that is not a failure of the consumer. It watches a
   * metric of the consumer, and replaces the alarm for requeued messages.
   */
  readonly retried?: Omit<AlarmProps, 'isEssential' | 'notifiesAlone'>;
}

/** Messages are consumed within seconds. The consumer is stopped or too slow if one waits for so long. */
const MAX_WAIT = minutes(5);
/** A message that is tried again waits for up to 15 minutes by intention, and as long again for a busy consumer. */
const MAX_WAIT_IF_RETRIED = minutes(30);
/**
 * Contention and the wait for a prerequisite event end sooner, unless something is wrong: the relay retries a parked
 * event after 15 minutes at most, and five minutes are left for its delivery.
 */
const MAX_CONTENTION = minutes(20);

/** A queue, its DLQ, and three alarms: for dead letters, for messages that wait, and for messages sent again. */
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
      ...(props.delay ? { deliveryDelay: props.delay } : {}),
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

  private createAlarms({ errorImpact, retried }: WorkQueueProps): void {
    alarm(this, 'DeadLetters', {
      name: `${this.name}-dead-letters`,
      metric: this.dlq.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'dead-letters',
      isEssential: true,
      notifiesAlone: true,
    });
    // A consumer that is stopped emits no metrics, so the age of the messages comes from SQS.
    alarm(this, 'Waiting', {
      name: `${this.name}-waiting`,
      metric: this.queue.metricApproximateAgeOfOldestMessage({ period: minutes(1), statistic: 'Maximum' }),
      above: (retried ? MAX_WAIT_IF_RETRIED : MAX_WAIT).toSeconds(),
      periods: 3,
      errorImpact,
      runbook: 'slow-queue',
    });
    // SQS cannot tell the age of a message that is sent again, because every time it is a new one.
    if (retried) alarm(this, 'Retried', retried);
    else
      alarm(this, 'Requeued', {
        name: `${this.name}-requeued`,
        metric: createMetric(this, 'RequeuedMessageAge', { statistic: 'Maximum', consumer: this.name }),
        above: MAX_CONTENTION.toSeconds(),
        errorImpact,
        runbook: 'slow-queue',
      });
  }
}
