import { EventSourceMapping } from 'aws-cdk-lib/aws-lambda';
import type { Construct } from 'constructs';
import { MESSAGES_PER_BATCH } from '../limits.ts';
import { Context } from './context.ts';
import { type EnvSchema, ServiceFunction, type ServiceFunctionProps } from './service-function.ts';
import { suppress } from './suppress.ts';
import type { WorkQueue } from './work-queue.ts';

export interface ConsumerProps<S extends EnvSchema>
  extends Pick<ServiceFunctionProps<S>, 'description' | 'env' | 'values' | 'access'> {
  readonly batchSize?: number;
}

/**
 * A function that consumes a queue by the handler `on-<queue>.ts` of its context. Each message of a batch succeeds or
 * fails alone. The function gets `CONSUMER`, `QUEUE_URL` and `DLQ_URL`, and the permissions to requeue and to
 * dead-letter messages.
 */
export class QueueConsumer<S extends EnvSchema> extends ServiceFunction<S> {
  constructor(
    scope: Construct,
    id: string,
    source: WorkQueue,
    { batchSize = MESSAGES_PER_BATCH, ...props }: ConsumerProps<S>,
  ) {
    const { name, config } = Context.of(scope);
    super(scope, id, {
      ...props,
      entry: `${name}/on-${source.name.replaceAll('_', '-')}.ts`,
      invokedBy: 'queue',
      extraValues: { CONSUMER: source.name, QUEUE_URL: source.queue.queueUrl, DLQ_URL: source.dlq.queueUrl },
      access: [...source.consumes, ...(props.access ?? [])],
      timeout: source.timeout,
    });
    const mapping = new EventSourceMapping(this, 'Mapping', {
      target: this.function,
      eventSourceArn: source.queue.queueArn,
      batchSize,
      reportBatchItemFailures: true,
      // Reserved concurrency would throttle invocations, and SQS counts a throttled message as received.
      ...(config.consumerConcurrency === 'unlimited' ? {} : { maxConcurrency: config.consumerConcurrency }),
    });
    suppress(mapping, {
      'Serverless-LambdaEventSourceMappingDestination':
        'A mapping of an SQS queue has no failure destination. The queue has a DLQ.',
    });
  }
}
