import type { SQSClient } from '@aws-sdk/client-sqs';
import type { QueuePort } from './queue.ts';
import { requestHandler } from './request-handler.ts';

/** SQS says no to more at once. */
const BATCH = 10;
/** SQS takes only characters that XML has; what a stranger sent may be quoted in a reason, and hold others. */
const UNSAYABLE = /[^\t\n\r\u0020-\uD7FF\uE000-\uFFFD\u{10000}-\u{10FFFF}]/gu;
export const sayable = (value: string | number): string =>
  String(value).slice(0, 4000).replaceAll(UNSAYABLE, '\uFFFD') || '-';
const text = (value: string | number) => ({ DataType: 'String', StringValue: sayable(value) });

/** The SDK's SQS client is loaded at the first trouble: a consumer whose messages all succeed never needs it. */
export function sqsQueue(queueUrl: string, dlqUrl: string): QueuePort {
  let client: Promise<{ sqs: SQSClient; sdk: typeof import('@aws-sdk/client-sqs') }> | undefined;
  const loaded = () => {
    client ??= import('@aws-sdk/client-sqs').then((sdk) => ({ sdk, sqs: new sdk.SQSClient({ requestHandler }) }));
    return client;
  };
  return {
    putBack: async (body, afterSeconds) => {
      const { sqs, sdk } = await loaded();
      const message = { QueueUrl: queueUrl, MessageBody: body, DelaySeconds: afterSeconds };
      await sqs.send(new sdk.SendMessageCommand(message));
    },
    bury: async (body, epitaph) => {
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
    delay: async (delays) => {
      const { sqs, sdk } = await loaded();
      const failed: string[] = [];
      for (let at = 0; at < delays.length; at += BATCH) {
        const { Failed = [] } = await sqs.send(
          new sdk.ChangeMessageVisibilityBatchCommand({
            QueueUrl: queueUrl,
            Entries: delays.slice(at, at + BATCH).map(({ handle, seconds }, entry) => ({
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
