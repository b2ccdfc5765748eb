import { ChangeMessageVisibilityBatchCommand, ReceiveMessageCommand, type SQSClient } from '@aws-sdk/client-sqs';
import { type DlqMessage, parseDlqMessage } from './dlq-message.ts';

/** The maximum that a command reads of one DLQ. */
export const MAX_MESSAGES = 10_000;
/** Long enough to receive every message once. If this process crashes, the messages are hidden for this long. */
export const HIDE_FOR_S = 30;
const BATCH_SIZE = 10;
/** Long polling asks all servers of SQS. A short poll asks only some of them, so it may miss messages. */
const POLL_SECONDS = 1;

export type DlqReader = ReturnType<typeof createDlqReader>;

/**
 * Creates the reader of a DLQ. Reading hides messages for a moment and raises SQS's own receive count, which has no
 * effect, because a DLQ has no DLQ of its own. How often the consumer received the message is an attribute that was set
 * when it was dead-lettered.
 */
export function createDlqReader(sqs: SQSClient, dlqUrl: string) {
  return {
    /** Receives up to `limit` messages and hides them from others for `hideForS`, or until they are released. */
    receive: async (limit: number, hideForS: number, signal: AbortSignal): Promise<DlqMessage[]> => {
      const received = new Map<string, DlqMessage>();
      while (received.size < limit && !signal.aborted) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: dlqUrl,
            MaxNumberOfMessages: Math.min(BATCH_SIZE, limit - received.size),
            VisibilityTimeout: hideForS,
            WaitTimeSeconds: POLL_SECONDS,
            MessageSystemAttributeNames: ['All'],
            MessageAttributeNames: ['All'],
          }),
        );
        const countBefore = received.size;
        for (const message of Messages.map(parseDlqMessage)) received.set(message.id, message);
        // Without a new message, either all have been received, or the first ones are visible again.
        if (received.size === countBefore) break;
      }
      return [...received.values()];
    },
    /** Makes the messages visible again at once. */
    release: async (messages: readonly DlqMessage[]) => {
      // A message that cannot be released becomes visible when its visibility timeout ends.
      for (let start = 0; start < messages.length; start += BATCH_SIZE)
        await sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: dlqUrl,
            Entries: messages
              .slice(start, start + BATCH_SIZE)
              .map(({ handle }, index) => ({ Id: String(index), ReceiptHandle: handle, VisibilityTimeout: 0 })),
          }),
        );
    },
  };
}

/** Receives messages and passes them to `act`. Releases all that `act` has not marked as removed, even if it throws. */
export async function withDlqMessages<T>(
  dlq: DlqReader,
  { limit, hideForS, signal }: { limit: number; hideForS: number; signal: AbortSignal },
  act: (messages: readonly DlqMessage[], markRemoved: (message: DlqMessage) => void) => Promise<T>,
): Promise<T> {
  const messages = await dlq.receive(limit, hideForS, signal);
  const remaining = new Set(messages);
  try {
    return await act(messages, (message) => remaining.delete(message));
  } finally {
    await dlq.release([...remaining]);
  }
}
