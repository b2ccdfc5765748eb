import type { SQSClient } from '@aws-sdk/client-sqs';
import { clientTimeouts } from '../runtime/client-timeouts.ts';
import type { QueuePort } from './queue.ts';

/** The maximum of SQS for one batch. */
const MAX_BATCH_SIZE = 10;
const MAX_ATTRIBUTE_CHARACTERS = 4000;
/** SQS accepts only the characters of XML. A reason may quote input that contains others. */
const UNSUPPORTED_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
export const toSqsText = (value: string | number): string =>
  String(value).slice(0, MAX_ATTRIBUTE_CHARACTERS).replaceAll(UNSUPPORTED_CHARACTERS, '\uFFFD') || '-';
const attribute = (value: string | number) => ({ DataType: 'String', StringValue: toSqsText(value) });

/**
 * Creates the SQS adapter of a queue and its DLQ. It imports the SDK's client at the first call, since a consumer whose
 * messages all succeed never needs it.
 */
export function createSqsQueue(queueUrl: string, dlqUrl: string): QueuePort {
  let client: Promise<{ sqs: SQSClient; sdk: typeof import('@aws-sdk/client-sqs') }> | undefined;
  const load = () => {
    client ??= import('@aws-sdk/client-sqs').then((sdk) => ({
      sdk,
      sqs: new sdk.SQSClient({ requestHandler: clientTimeouts }),
    }));
    return client;
  };
  return {
    requeue: async (body, delaySeconds) => {
      const { sqs, sdk } = await load();
      const message = { QueueUrl: queueUrl, MessageBody: body, DelaySeconds: delaySeconds };
      await sqs.send(new sdk.SendMessageCommand(message));
    },
    deadLetter: async (body, details) => {
      const { sqs, sdk } = await load();
      const attributes = Object.entries(details).map(([name, value]) => [name, attribute(value)]);
      const MessageAttributes = Object.fromEntries(attributes);
      await sqs.send(new sdk.SendMessageCommand({ QueueUrl: dlqUrl, MessageBody: body, MessageAttributes }));
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
        const { Failed = [] } = await sqs.send(request);
        for (const { Id } of Failed) failed.push(changes[Number(Id)]?.id ?? 'unknown');
      }
      return failed;
    },
  };
}
