import {
  ChangeMessageVisibilityBatchCommand,
  DeleteMessageCommand,
  ReceiveMessageCommand,
  SendMessageCommand,
  type SQSClient,
} from '@aws-sdk/client-sqs';
import { type DlqMessage, parseDlqMessage } from './dlq-message.ts';

const BATCH = 10;
/** SQS keeps a reading of a few servers for all there is; asking for a second asks all of them. */
const ASK_FOR_S = 1;

/** A DLQ, read without consuming it. */
export interface DlqReader {
  /** Up to `limit` messages, hidden from others for the time of `hideForS` or until they are given back. */
  receive(limit: number, hideForS: number, signal: AbortSignal): Promise<DlqMessage[]>;
  /** To be received by anybody again, at once. */
  release(messages: readonly DlqMessage[]): Promise<void>;
  /** Sent to its queue first and deleted here then, so a crash in between doubles it at worst. */
  redrive(message: DlqMessage): Promise<void>;
}

/**
 * Reading costs a message nothing but one more on its receive count here, which no one acts upon: a DLQ has no DLQ, and
 * how often its consumer received it is an attribute that was written at its burial.
 */
export function createDlqReader(sqs: SQSClient, dlqUrl: string, queueUrl: string): DlqReader {
  return {
    receive: async (limit, hideForS, signal) => {
      const taken = new Map<string, DlqMessage>();
      while (taken.size < limit && !signal.aborted) {
        const { Messages = [] } = await sqs.send(
          new ReceiveMessageCommand({
            QueueUrl: dlqUrl,
            MaxNumberOfMessages: Math.min(BATCH, limit - taken.size),
            VisibilityTimeout: hideForS,
            WaitTimeSeconds: ASK_FOR_S,
            MessageSystemAttributeNames: ['All'],
            MessageAttributeNames: ['All'],
          }),
        );
        const before = taken.size;
        for (const message of Messages.map(parseDlqMessage)) taken.set(message.id, message);
        // nothing new: that was all, or the first of them are visible again
        if (taken.size === before) break;
      }
      return [...taken.values()];
    },
    release: async (messages) => {
      for (let at = 0; at < messages.length; at += BATCH)
        await sqs.send(
          new ChangeMessageVisibilityBatchCommand({
            QueueUrl: dlqUrl,
            Entries: messages
              .slice(at, at + BATCH)
              .map(({ handle }, entry) => ({ Id: String(entry), ReceiptHandle: handle, VisibilityTimeout: 0 })),
          }),
        );
      // what could not be given back comes by itself when its time is over
    },
    redrive: async ({ body, handle }) => {
      await sqs.send(new SendMessageCommand({ QueueUrl: queueUrl, MessageBody: body }));
      await sqs.send(new DeleteMessageCommand({ QueueUrl: dlqUrl, ReceiptHandle: handle }));
    },
  };
}

/** Does something with a DLQ's messages; whatever of them is still there afterwards is given back, come what may. */
export async function withDlqMessages<T>(
  letters: DlqReader,
  { limit, hideForS, signal }: { limit: number; hideForS: number; signal: AbortSignal },
  act: (messages: readonly DlqMessage[], gone: (message: DlqMessage) => void) => Promise<T>,
): Promise<T> {
  const messages = await letters.receive(limit, hideForS, signal);
  const left = new Set(messages);
  try {
    return await act(messages, (message) => left.delete(message));
  } finally {
    await letters.release([...left]);
  }
}
