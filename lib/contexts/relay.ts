import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { SqsDlq } from 'aws-cdk-lib/aws-lambda-event-sources';
import type { Queue } from 'aws-cdk-lib/aws-sqs';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { OutboxRetryEnv, PublishOutboxEnv } from '../../lambdas/relay/env.ts';
import { nameOf, type StageConfig } from '../config.ts';
import { type Access, chaosParameterName, publishesTo } from '../constructs/access.ts';
import { createAlarmTopic } from '../constructs/alarm-topic.ts';
import { Context } from '../constructs/context.ts';
import { createDlq } from '../constructs/dead-letter-queue.ts';
import { createEventArchive } from '../constructs/event-archive.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import type { ContextTable, StreamFailureOptions } from '../constructs/outbox-table.ts';
import { QueueConsumer } from '../constructs/queue-consumer.ts';
import { ServiceFunction, wildcardFindings } from '../constructs/service-function.ts';
import { suppress } from '../constructs/suppress.ts';
import { WorkQueue } from '../constructs/work-queue.ts';
import { RELAY_TIMEOUT_S } from '../limits.ts';

/** The bus, and the relay that publishes outbox records to it. If the bus fails, events are parked for up to a day. */
export class Relay extends Context {
  constructor(scope: Construct, config: StageConfig, tables: readonly ContextTable[]) {
    const errorImpact = 'Events are written but not published, so orders do not progress';
    super(scope, 'Relay', { config, errorImpact });
    const bus = new EventBus(this, 'Bus', { eventBusName: nameOf(config) });
    if (config.onAws) {
      createAlarmTopic(this, config);
      createEventArchive(this, config, bus);
    }
    if (config.chaos)
      new StringParameter(this, 'Chaos', {
        parameterName: chaosParameterName(config),
        description: 'The injected faults of the stage. `ops chaos set` changes them.',
        stringValue: JSON.stringify(config.chaos),
      });

    const parked = new WorkQueue(this, 'OutboxRetry', {
      queue: 'outbox-retry',
      errorImpact,
      timeout: Duration.seconds(RELAY_TIMEOUT_S),
      retried: {
        name: 'events-parked-for-long',
        metric: createMetric(this, 'ParkedEventAge', { statistic: 'Maximum', period: minutes(15) }),
        above: minutes(15).toSeconds(),
        // Parked events are retried every 15 minutes at most, so now and then a period has no retry.
        periods: 2,
        datapoints: 1,
        errorImpact: 'Events are not published, so orders do not progress',
        runbook: 'parked-events',
      },
    });
    const expired = config.streams && this.createExpiredQueue(config, errorImpact);
    const publishes = publishesTo(this, config);
    const publisher = new ServiceFunction(this, 'PublishOutbox', {
      entry: 'relay/publish-outbox.ts',
      invokedBy: 'stream',
      description: 'Publishes new outbox records',
      env: PublishOutboxEnv,
      values: { BUS_NAME: nameOf(config), RETRY_QUEUE_URL: parked.queue.queueUrl },
      access: [publishes, parked.sends, ...tables.map((table) => table.streams), listsStreams, ...reportsTo(expired)],
      timeout: Duration.seconds(RELAY_TIMEOUT_S),
    });
    suppress(publisher, wildcardFindings('dynamodb:ListStreams has no narrower resource.'));
    const onFailure = config.streams && expired ? failureOptions(config.streams, expired) : {};
    for (const table of tables) table.publishTo(publisher, onFailure);
    alarm(this, 'OutboxStalled', {
      name: 'outbox-stalled',
      metric: publisher.function.metric('IteratorAge', { period: minutes(1), statistic: 'Maximum' }),
      // The metric is in milliseconds.
      above: 5 * 60_000,
      errorImpact,
      runbook: 'stalled-outbox',
      isEssential: true,
    });
    alarm(this, 'Parked', {
      name: 'events-parked',
      metric: createMetric(this, 'EventsParked'),
      // A refusal that passes by itself parks events for seconds.
      periods: 3,
      errorImpact: 'Events are delayed, so orders progress late',
      runbook: 'parked-events',
    });
    alarm(this, 'Unreadable', {
      name: 'outbox-unreadable',
      metric: createMetric(this, 'OutboxUnreadable'),
      errorImpact: 'An event is lost, so its order or its document does not progress',
      runbook: 'unreadable-outbox-records',
      isEssential: true,
    });
    new QueueConsumer(this, 'OnOutboxRetry', parked, {
      description: 'Publishes parked events',
      env: OutboxRetryEnv,
      values: { BUS_NAME: nameOf(config) },
      access: [publishes, parked.delays],
    });
  }

  /** Creates the queue for the positions of the stream records that nobody could publish before they expired. */
  private createExpiredQueue(config: StageConfig, errorImpact: string): Queue {
    const queue = createDlq(this, 'Expired', {
      config,
      name: 'relay-publish-outbox-dlq',
      retention: Duration.days(14),
      reason: 'It is the failure destination of the streams.',
    });
    alarm(this, 'OutboxExpired', {
      name: 'outbox-expired',
      metric: queue.metricApproximateNumberOfMessagesVisible({ period: minutes(1), statistic: 'Maximum' }),
      errorImpact,
      runbook: 'stalled-outbox',
      isEssential: true,
      notifiesAlone: true,
    });
    return queue;
  }
}

const listsStreams = { actions: ['dynamodb:ListStreams'], resources: ['*'] };

const reportsTo = (queue: Queue | undefined): Access[] =>
  queue ? [{ actions: ['sqs:SendMessage'], resources: [queue.queueArn] }] : [];

/**
 * A stream keeps its records for 24 hours and then drops them without a report. One hour earlier the mapping gives up
 * and reports the times of the records, with which `ops outbox resend` publishes them from the table.
 */
const failureOptions = (
  { parallelizationFactor }: NonNullable<StageConfig['streams']>,
  expired: Queue,
): StreamFailureOptions => ({
  bisectBatchOnError: true,
  maxRecordAge: Duration.hours(23),
  onFailure: new SqsDlq(expired),
  parallelizationFactor,
});
