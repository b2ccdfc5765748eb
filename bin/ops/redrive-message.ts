import { DeleteMessageCommand, SendMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import type { DlqMessage } from './dlq-message.ts';

/** Sends the message to its queue and then deletes it in the DLQ, so a crash in between duplicates it at worst. */
export async function redriveMessage(
  sqs: SQSClient,
  { url, dlqUrl }: { url: string; dlqUrl: string },
  { body, handle }: DlqMessage,
): Promise<void> {
  await sqs.send(new SendMessageCommand({ QueueUrl: url, MessageBody: body }));
  await sqs.send(new DeleteMessageCommand({ QueueUrl: dlqUrl, ReceiptHandle: handle }));
}
