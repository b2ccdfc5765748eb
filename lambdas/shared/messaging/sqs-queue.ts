import type { SQSClient } from '@aws-sdk/client-sqs';
import { clientTimeouts } from '../runtime/client-timeouts.ts';
import type { QueuePort } from './queue.ts';

/** SQS says no to more at once. */
const MAX_BATCH_SIZE = 10;
/** SQS takes only characters that XML has; what a stranger sent may be quoted in a reason, and hold others. */
const UNSUPPORTED_CHARACTERS = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
export const toSqsText = (value: string | number): string =>
  String(value).slice(0, 4000).replaceAll(UNSUPPORTED_CHARACTERS, '\uFFFD') || '-';
const text = (value: string | number) => ({ DataType: 'String', StringValue: toSqsText(value) });

/** The SDK's SQS client is loaded at the first trouble: a consumer whose messages all succeed never needs it. */
export function createSqsQueue(queueUrl: string, dlqUrl: string): QueuePort {
  let client: Promise<{ sqs: SQSClient; sdk: typeof import('@aws-sdk/client-sqs') }> | undefined;
  const loaded = () => {
    client ??= import('@aws-sdk/client-sqs').then((sdk) => ({
      sdk,
      sqs: new sdk.SQSClient({ requestHandler: clientTimeouts }),
    }));
    return client;
  };
  return {
    requeue: async (body, afterSeconds) => {
      const { sqs, sdk } = await loaded();
      const message = { QueueUrl: queueUrl, MessageBody: body, DelaySeconds: afterSeconds };
      await sqs.send(new sdk.SendMessageCommand(message));
    },
    deadLetter: async (body, epitaph) => {
      const { sqs, sdk } = await loaded();
      await sqs.send(
        new sdk.SendMessageCommand({
          QueueUrl: dlqUrl,
          MessageBody: body,
          MessageAttributes: {
            reason: text(epitaph.reason),
            first_received_at: text(epitaph.first_received_at),
            last_received_at: text(epitaph.last_received_at),
            receive_count: text(epitaph.receive_count),
          },
        }),
      );
    },
    changeVisibility: async (delays) => {
      const { sqs, sdk } = await loaded();
      const failed: string[] = [];
      for (let at = 0; at < delays.length; at += MAX_BATCH_SIZE) {
        const { Failed = [] } = await sqs.send(
          new sdk.ChangeMessageVisibilityBatchCommand({
            QueueUrl: queueUrl,
            Entries: delays.slice(at, at + MAX_BATCH_SIZE).map(({ handle, seconds }, entry) => ({
              Id: String(at + entry),
              ReceiptHandle: handle,
              VisibilityTimeout: seconds,
            })),
          }),
        );
        for (const { Id } of Failed) failed.push(delays[Number(Id)]?.id ?? 'unknown');
      }
      return failed;
    },
  };
}
