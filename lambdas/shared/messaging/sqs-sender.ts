import { batchesOf } from '../runtime/batches.ts';
import { abortAt, clientSettings } from '../runtime/client-settings.ts';
import { createSqsClient, SendMessageBatchCommand } from '../runtime/sqs-client.ts';

export interface Message {
  readonly body: string;
  /** The message becomes visible after this delay. */
  readonly delaySeconds: number;
}

/** Sends all messages, or throws. Messages that were accepted before an error are delivered. */
export type Send = (messages: readonly Message[]) => Promise<void>;

/** The maximum of SQS for one batch. */
const MAX_BATCH_SIZE = 10;
const CONCURRENT_BATCHES = 8;
const MAX_ATTEMPTS = 3;

/** Returns a sender whose calls are aborted at a deadline, in ms since the epoch. */
export function createSqsSender(queueUrl: string): (deadlineMs?: number) => Send {
  const sqs = createSqsClient(clientSettings);
  /** Sends one batch and returns the messages that SQS did not confirm. */
  const sendBatch = async (batch: readonly Message[], deadlineMs?: number): Promise<Message[]> => {
    const { Successful = [] } = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ body, delaySeconds }, index) => ({
          Id: String(index),
          MessageBody: body,
          DelaySeconds: delaySeconds,
        })),
      }),
      abortAt(deadlineMs),
    );
    const confirmed = new Set(Successful.map(({ Id }) => Id));
    return batch.filter((_, index) => !confirmed.has(String(index)));
  };
  const sendWithRetries = async (batch: readonly Message[], deadlineMs?: number): Promise<void> => {
    let unsent = batch;
    for (let attempt = 0; unsent.length > 0; attempt++) {
      if (attempt === MAX_ATTEMPTS) throw new Error(`${unsent.length} messages were not accepted by ${queueUrl}`);
      unsent = await sendBatch(unsent, deadlineMs);
    }
  };
  return (deadlineMs) => async (messages) => {
    const batches = batchesOf(messages, MAX_BATCH_SIZE);
    const worker = async () => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) await sendWithRetries(batch, deadlineMs);
    };
    await Promise.all(Array.from({ length: CONCURRENT_BATCHES }, worker));
  };
}
