import { SQSClient, type SQSClientConfig } from '@aws-sdk/client-sqs';

/** The commands of the functions. What loads the SDK only at its first use loads this file, so it names no others. */
export {
  ChangeMessageVisibilityBatchCommand,
  SendMessageBatchCommand,
  SendMessageCommand,
} from '@aws-sdk/client-sqs';

/**
 * Creates a client of SQS, the only way in which this project does. By default the SDK sends a request to the host in
 * the queue's URL and ignores the configured endpoint. An engine names a host there that its clients may not resolve.
 */
export const createSqsClient = (options: SQSClientConfig = {}): SQSClient =>
  new SQSClient({ ...options, useQueueUrlAsEndpoint: false });
