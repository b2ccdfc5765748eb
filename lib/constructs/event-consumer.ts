import { Duration } from 'aws-cdk-lib';
import { EventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { EventDefinition } from '../../events/envelope.ts';
import { nameOf, pascalCase } from '../config.ts';
import { Context } from './context.ts';
import { type ConsumerProps, QueueConsumer } from './queue-consumer.ts';
import type { EnvSchema } from './service-function.ts';
import { WorkQueue } from './work-queue.ts';

export interface EventConsumerProps<S extends EnvSchema> extends Omit<ConsumerProps<S>, 'description'> {
  /** The events that the handler consumes. A test compares them with those that the handler declares. */
  readonly on: readonly Pick<EventDefinition, 'source' | 'type' | 'pattern'>[];
  /** Who is affected, and how, when messages are dead-lettered or wait. */
  readonly errorImpact: string;
  readonly timeout?: Duration;
  /** Holds each message back for this time before its first receive. */
  readonly delay?: Duration;
}

/**
 * Delivers events from the bus to a handler: a rule for each source, a queue with its DLQ, a function, and alarms. The
 * construct has the id `OnPaymentStatus` if the queue is `payment-status`.
 */
export class EventConsumer<S extends EnvSchema> extends Construct {
  readonly queue: WorkQueue;

  constructor(scope: Construct, queue: string, { on, errorImpact, timeout, delay, ...props }: EventConsumerProps<S>) {
    super(scope, pascalCase(`on-${queue}`));
    this.queue = new WorkQueue(this, 'Work', { queue, errorImpact, timeout, delay });
    this.createRules(on);
    new QueueConsumer(this, 'Consumer', this.queue, {
      ...props,
      description: `Consumes ${on.map(({ type }) => type).join(', ')} from ${queue}`,
    });
  }

  /** Creates one rule for each source. A single rule for all would accept every type from every source. */
  private createRules(on: EventConsumerProps<S>['on']): void {
    const { config } = Context.of(this);
    const { name, queue, dlq } = this.queue;
    const eventBus = EventBus.fromEventBusName(this, 'Bus', nameOf(config));
    const target = new SqsQueue(queue, {
      // The message body is the event's envelope, without the fields that EventBridge adds around it.
      message: RuleTargetInput.fromEventPath('$.detail'),
      retryAttempts: 185,
      maxEventAge: Duration.hours(24),
      deadLetterQueue: dlq,
    });
    const sources = Map.groupBy(on, ({ source }) => source);
    for (const [source, events] of sources) {
      const isOnly = sources.size === 1;
      new Rule(this, isOnly ? 'Rule' : `Rule${pascalCase(source)}`, {
        ruleName: nameOf(config, name, ...(isOnly ? [] : ['from', source])),
        description: `${events.map(({ type }) => type).join(', ')} to ${name}`,
        eventBus,
        eventPattern: { source: [source], detailType: events.flatMap(({ pattern }) => pattern.detailType) },
        targets: [target],
      });
    }
  }
}
