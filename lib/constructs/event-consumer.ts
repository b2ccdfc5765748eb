import { Duration } from 'aws-cdk-lib';
import { EventBus, Rule, RuleTargetInput } from 'aws-cdk-lib/aws-events';
import { SqsQueue } from 'aws-cdk-lib/aws-events-targets';
import { Construct } from 'constructs';
import type { EventDefinition } from '../../events/envelope.ts';
import { nameOf, pascalCase, type StageConfig } from '../config.ts';
import { Context } from './context.ts';
import { type ConsumerProps, QueueConsumer } from './queue-consumer.ts';
import type { EnvSchema } from './service-function.ts';
import { WorkQueue } from './work-queue.ts';

type Subscription = readonly Pick<EventDefinition, 'source' | 'type' | 'pattern'>[];

export interface EventConsumerProps<S extends EnvSchema> extends Omit<ConsumerProps<S>, 'description'> {
  /** The events that the handler consumes. A test compares them with those that the handler declares. */
  readonly on: Subscription;
  /** Who is affected, and how, when messages are dead-lettered or wait. */
  readonly errorImpact: string;
  readonly timeout?: Duration;
  /** Holds each message back for this time before its first receive. */
  readonly delay?: Duration;
}

/**
 * Returns the names of the rules that send events to a queue, by the source of the events. There is one rule for each
 * source, because a single rule for all would accept every type from every source.
 */
export function ruleNames(config: StageConfig, queue: string, on: Subscription): ReadonlyMap<string, string> {
  const sources = [...new Set(on.map(({ source }) => source))];
  return new Map(
    sources.map((source) => [source, nameOf(config, queue, ...(sources.length === 1 ? [] : ['from', source]))]),
  );
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

  private createRules(on: Subscription): void {
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
    const names = ruleNames(config, name, on);
    for (const [source, ruleName] of names) {
      const events = on.filter((event) => event.source === source);
      new Rule(this, names.size === 1 ? 'Rule' : `Rule${pascalCase(source)}`, {
        ruleName,
        description: `${events.map(({ type }) => type).join(', ')} to ${name}`,
        eventBus,
        eventPattern: { source: [source], detailType: events.flatMap(({ pattern }) => pattern.detailType) },
        targets: [target],
      });
    }
  }
}
