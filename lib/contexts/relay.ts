import { Duration } from 'aws-cdk-lib';
import { EventBus } from 'aws-cdk-lib/aws-events';
import { StringParameter } from 'aws-cdk-lib/aws-ssm';
import type { Construct } from 'constructs';
import { OutboxRetryEnv, PublishOutboxEnv } from '../../lambdas/relay/env.ts';
import { nameOf, type StageConfig } from '../config.ts';
import { chaosParameterName, publishesTo } from '../constructs/access.ts';
import { createAlarmTopic } from '../constructs/alarm-topic.ts';
import { Context } from '../constructs/context.ts';
import { alarm, createMetric, minutes } from '../constructs/monitoring.ts';
import type { ContextTable } from '../constructs/outbox-table.ts';
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
    new EventBus(this, 'Bus', { eventBusName: nameOf(config) });
    if (config.onAws) createAlarmTopic(this, config);
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
      waiting: {
        metric: createMetric(this, 'ParkedEventAge', { statistic: 'Maximum', period: minutes(15) }),
        above: minutes(15).toSeconds(),
        // Parked events are retried every 15 minutes at most, so now and then a period has no retry.
        periods: 2,
        datapoints: 1,
        runbook: 'parked-events',
      },
    });
    const publishes = publishesTo(this, config);
    const publisher = new ServiceFunction(this, 'PublishOutbox', {
      entry: 'relay/publish-outbox.ts',
      invokedBy: 'stream',
      description: 'Publishes new outbox records',
      env: PublishOutboxEnv,
      values: { BUS_NAME: nameOf(config), RETRY_QUEUE_URL: parked.queue.queueUrl },
      access: [publishes, parked.sends, ...tables.map((table) => table.streams), listsStreams],
      timeout: Duration.seconds(RELAY_TIMEOUT_S),
    });
    suppress(publisher, wildcardFindings('dynamodb:ListStreams has no narrower resource.'));
    for (const table of tables) table.publishTo(publisher);
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
    });
    new QueueConsumer(this, 'OnOutboxRetry', parked, {
      description: 'Publishes parked events',
      env: OutboxRetryEnv,
      values: { BUS_NAME: nameOf(config) },
      access: [publishes],
    });
  }
}

const listsStreams = { actions: ['dynamodb:ListStreams'], resources: ['*'] };
