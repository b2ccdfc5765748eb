import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { clientTimeouts } from '../runtime/client-timeouts.ts';

export interface Message {
  readonly body: string;
  /** Nobody receives it before. */
  readonly delaySeconds: number;
}

/** Sends them all, or throws. */
export type Send = (messages: readonly Message[]) => Promise<void>;

/** SQS takes no more at once. */
const MAX_BATCH_SIZE = 10;
const CONCURRENT_BATCHES = 8;
const MAX_ATTEMPTS = 3;

export function createSqsSender(queueUrl: string): Send {
  const sqs = new SQSClient({ requestHandler: clientTimeouts });
  /** Answers those that were not taken. */
  const sendBatch = async (batch: readonly Message[]): Promise<Message[]> => {
    const { Successful = [] } = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ body, delaySeconds }, at) => ({
          Id: String(at),
          MessageBody: body,
          DelaySeconds: delaySeconds,
        })),
      }),
    );
    // an entry without its result has not been confirmed, so it counts as not sent
    const taken = new Set(Successful.map(({ Id }) => Id));
    return batch.filter((_, at) => !taken.has(String(at)));
  };
  const sendPatiently = async (batch: readonly Message[]): Promise<void> => {
    let left = batch;
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === MAX_ATTEMPTS) throw new Error(`${left.length} messages were not taken by ${queueUrl}`);
      left = await sendBatch(left);
    }
  };
  return async (messages) => {
    const batches = Array.from({ length: Math.ceil(messages.length / MAX_BATCH_SIZE) }, (_, at) =>
      messages.slice(at * MAX_BATCH_SIZE, (at + 1) * MAX_BATCH_SIZE),
    );
    const lane = async () => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) await sendPatiently(batch);
    };
    await Promise.all(Array.from({ length: CONCURRENT_BATCHES }, lane));
  };
}
