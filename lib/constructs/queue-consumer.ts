import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import type { Access } from './access.ts';
import { Context } from './context.ts';
import { type EnvSchema, ServiceFunction, type ValuesOf } from './service-function.ts';
import { suppress } from './suppress.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ConsumerProps<S extends EnvSchema> {
  readonly entry: string;
  readonly description: string;
  readonly env: S;
  readonly values: ValuesOf<S>;
  readonly access?: readonly Access[];
  readonly batchSize?: number;
  /** Invocations at once, instead of the stage's own number. Never by reserved concurrency, whose throttles count as receives. */
  readonly maxConcurrency?: number;
}

/**
 * A function that works on a queue. Messages of a batch fail one by one. `CONSUMER`, `QUEUE_URL` and `DLQ_URL`,
 * and the rights to put messages back and to bury them, come with it.
 */
export class QueueConsumer<S extends EnvSchema> extends ServiceFunction<S> {
  constructor(
    scope: Construct,
    id: string,
    from: WorkQueue,
    { batchSize, maxConcurrency, ...props }: ConsumerProps<S>,
  ) {
    super(scope, id, {
      ...props,
      given: { CONSUMER: from.name, QUEUE_URL: from.queue.queueUrl, DLQ_URL: from.dlq.queueUrl },
      access: [...from.consumes, ...(props.access ?? [])],
      timeout: from.timeout,
    });
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: from.queue.queueArn,
      batchSize: batchSize ?? 10,
      reportBatchItemFailures: true,
      maxConcurrency: maxConcurrency ?? Context.of(this).config.consumerConcurrency,
    });
    suppress(mapping, {
      'Serverless-LambdaEventSourceMappingDestination': 'an SQS mapping has none: the queue has its DLQ',
    });
  }
}
