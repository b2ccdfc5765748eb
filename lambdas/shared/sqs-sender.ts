import { SendMessageBatchCommand, SQSClient } from '@aws-sdk/client-sqs';
import { requestHandler } from './request-handler.ts';

export interface Message {
  readonly body: string;
  /** Nobody receives it before. */
  readonly delayS: number;
}

/** Sends them all, or throws. */
export type Send = (messages: readonly Message[]) => Promise<void>;

/** SQS takes no more at once. */
const BATCH = 10;
const BATCHES_AT_ONCE = 8;
const TRIES = 3;

export function sqsSender(queueUrl: string): Send {
  const sqs = new SQSClient({ requestHandler });
  /** Answers those that were not taken. */
  const sendBatch = async (batch: readonly Message[]): Promise<Message[]> => {
    const { Successful = [] } = await sqs.send(
      new SendMessageBatchCommand({
        QueueUrl: queueUrl,
        Entries: batch.map(({ body, delayS }, at) => ({ Id: String(at), MessageBody: body, DelaySeconds: delayS })),
      }),
    );
    // an entry without its result has not been confirmed, so it counts as not sent
    const taken = new Set(Successful.map(({ Id }) => Id));
    return batch.filter((_, at) => !taken.has(String(at)));
  };
  const sendPatiently = async (batch: readonly Message[]): Promise<void> => {
    let left = batch;
    for (let tries = 0; left.length > 0; tries++) {
      if (tries === TRIES) throw new Error(`${left.length} messages were not taken by ${queueUrl}`);
      left = await sendBatch(left);
    }
  };
  return async (messages) => {
    const batches = Array.from({ length: Math.ceil(messages.length / BATCH) }, (_, at) =>
      messages.slice(at * BATCH, (at + 1) * BATCH),
    );
    const lane = async () => {
      for (let batch = batches.shift(); batch; batch = batches.shift()) await sendPatiently(batch);
    };
    await Promise.all(Array.from({ length: BATCHES_AT_ONCE }, lane));
  };
}
