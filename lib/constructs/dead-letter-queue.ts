import { type Duration, RemovalPolicy } from 'aws-cdk-lib';
import { Queue, QueueEncryption } from 'aws-cdk-lib/aws-sqs';
import type { Construct } from 'constructs';
import { nameOf, type StageConfig } from '../config.ts';
import { suppress } from './suppress.ts';

/** What each queue of a stage has in common. */
export const queueDefaults = {
  encryption: QueueEncryption.SQS_MANAGED,
  enforceSSL: true,
  removalPolicy: RemovalPolicy.DESTROY,
} as const;

interface DeadLetterQueueProps {
  readonly config: StageConfig;
  /** `order-payments-dlq`: the queue is `oncebox-<stage>-order-payments-dlq`. */
  readonly name: string;
  readonly retention: Duration;
  /** Why the queue has no DLQ of its own. */
  readonly reason: string;
}

/** Creates a queue for what could not be delivered or processed. */
export function createDlq(
  scope: Construct,
  id: string,
  { config, name, retention, reason }: DeadLetterQueueProps,
): Queue {
  const dlq = new Queue(scope, id, { ...queueDefaults, queueName: nameOf(config, name), retentionPeriod: retention });
  suppress(dlq, { 'AwsSolutions-SQS3': reason, 'Serverless-SQSRedrivePolicy': reason });
  return dlq;
}
