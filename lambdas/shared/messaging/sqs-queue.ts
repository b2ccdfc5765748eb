import type { SQSClient } from '@aws-sdk/client-sqs';
import { abortAt, clientSettings } from '../runtime/client-settings.ts';
import type { QueuePort } from './queue.ts';

/** The maximum of SQS for one batch. */
const MAX_BATCH_SIZE = 10;
const MAX_ATTRIBUTE_CHARACTERS = 4000;
/** SQS accepts only the characters of XML. A reason may quote input that contains others. */
const UNSUPPORTED_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
export const toSqsText = (value: string | number): string =>
  String(value).slice(0, MAX_ATTRIBUTE_CHARACTERS).replaceAll(UNSUPPORTED_CHARACTERS, '\uFFFD') || '-';
const toAttributes = (values: object) =>
  Object.fromEntries(
    Object.entries(values).map(([name, value]) => [name, { DataType: 'String', StringValue: toSqsText(value) }]),
  );

type Sdk = typeof import('../runtime/sqs-client.ts');

/**
 * Creates the SQS adapter of a queue and its DLQ. It imports the SDK's client at the first call, since a consumer whose
 * messages all succeed never needs it.
 */
export function createSqsQueue(queueUrl: string, dlqUrl: string): QueuePort {
  // One attempt for each call: SendMessage is not idempotent, and SQS delivers what could not be settled again.
  let client: Promise<{ sqs: SQSClient; sdk: Sdk }> | undefined;
  const load = () => {
    client ??= import('../runtime/sqs-client.ts').then((sdk) => ({
      sdk,
      sqs: sdk.createSqsClient({ ...clientSettings, maxAttempts: 1 }),
    }));
    return client;
  };
  const withDeadline = (deadlineMs: number): QueuePort => ({
    requeue: async ({ body, delaySeconds, history }) => {
      const { sqs, sdk } = await load();
      const message = { MessageBody: body, DelaySeconds: delaySeconds, MessageAttributes: toAttributes(history) };
      await sqs.send(new sdk.SendMessageCommand({ QueueUrl: queueUrl, ...message }), abortAt(deadlineMs));
    },
    deadLetter: async (body, details) => {
      const { sqs, sdk } = await load();
      const message = { MessageBody: body, MessageAttributes: toAttributes(details) };
      await sqs.send(new sdk.SendMessageCommand({ QueueUrl: dlqUrl, ...message }), abortAt(deadlineMs));
    },
    changeVisibility: async (changes) => {
      const { sqs, sdk } = await load();
      const failed: string[] = [];
      for (let start = 0; start < changes.length; start += MAX_BATCH_SIZE) {
        const Entries = changes.slice(start, start + MAX_BATCH_SIZE).map(({ handle, seconds }, index) => ({
          Id: String(start + index),
          ReceiptHandle: handle,
          VisibilityTimeout: seconds,
        }));
        const request = new sdk.ChangeMessageVisibilityBatchCommand({ QueueUrl: queueUrl, Entries });
        const { Failed = [] } = await sqs.send(request, abortAt(deadlineMs));
        for (const { Id } of Failed) failed.push(changes[Number(Id)]?.id ?? 'unknown');
      }
      return failed;
    },
    withDeadline,
  });
  return withDeadline(Number.POSITIVE_INFINITY);
}
