import { Duration } from 'aws-cdk-lib';
import { Metric } from 'aws-cdk-lib/aws-cloudwatch';
import { EventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { EventDefinition } from '../../events/envelope.ts';
import { nameOf, pascalCase } from '../config.ts';
import { Context } from './context.ts';
import { alarm, minutes } from './monitoring.ts';
import { type ConsumerProps, QueueConsumer } from './queue-consumer.ts';
import type { EnvSchema, ServiceFunction } from './service-function.ts';
import { WorkQueue } from './work-queue.ts';

export interface EventConsumerProps<S extends EnvSchema> extends Omit<ConsumerProps<S>, 'description'> {
  /** `payment-status`: the queue between the bus and the handler. */
  readonly queue: string;
  /** The events that the handler consumes: the same objects, so that neither hears what the other does not know. */
  readonly on: readonly Pick<EventDefinition, 'source' | 'type' | 'pattern'>[];
  /** Whom it hurts when messages lie dead or wait. */
  readonly errorImpact: string;
  readonly timeout?: Duration;
}

/** Contention, and what a step waits for, is over by then: the relay's longest pause and the minutes around it. */
const LONGEST_CONTENTION = minutes(20);

/** From the bus to a handler: a rule for each source, a queue with its DLQ, the function and its alarms. The queue's body is our envelope. */
export class EventConsumer<S extends EnvSchema> extends Construct {
  readonly queue: WorkQueue;
  readonly consumer: ServiceFunction;

  constructor(scope: Construct, id: string, { queue, on, errorImpact, timeout, ...props }: EventConsumerProps<S>) {
    super(scope, id);
    const { config } = Context.of(this);
    const types = on.map(({ type }) => type);
    this.queue = new WorkQueue(this, 'Work', { queue, errorImpact, timeout: timeout ?? Duration.seconds(15) });
    const eventBus = EventBus.fromEventBusName(this, 'Bus', nameOf(config));
    const target = new SqsQueue(this.queue.queue, {
      message: RuleTargetInput.fromEventPath('$.detail'),
      retryAttempts: 185,
      maxEventAge: Duration.hours(24),
      deadLetterQueue: this.queue.dlq,
    });
    const sources = Map.groupBy(on, ({ source }) => source);
    // one rule with all sources and all types would take any source's word for any type
    for (const [source, events] of sources) {
      const own = events.map(({ type }) => type);
      const isOnly = sources.size === 1;
      new Rule(this, isOnly ? 'Rule' : `Rule${pascalCase(source)}`, {
        ruleName: nameOf(config, queue, ...(isOnly ? [] : ['from', source])),
        description: `${own.join(', ')} to ${queue}`,
        eventBus,
        eventPattern: { source: [source], detailType: events.flatMap(({ pattern }) => pattern.detailType) },
        targets: [target],
      });
    }
    this.consumer = new QueueConsumer(this, 'Consumer', this.queue, {
      ...props,
      description: `Consumes ${types.join(', ')} from ${queue}`,
    });
    this.watchPutBacks(queue, errorImpact);
  }

  /** What is put back again and again is a fresh message to SQS each time, whose age says nothing. */
  private watchPutBacks(queue: string, errorImpact: string): void {
    alarm(this, 'PutBack', {
      name: `${queue}-requeued`,
      metric: new Metric({
        namespace: 'Oncebox',
        metricName: 'RequeuedMessageAge',
        dimensionsMap: { consumer: queue },
        period: minutes(5),
        statistic: 'Maximum',
      }),
      above: LONGEST_CONTENTION.toSeconds(),
      errorImpact,
      runbook: 'slow-queue',
    });
  }
}
