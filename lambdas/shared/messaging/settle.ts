import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Envelope } from '../../../events/envelope.ts';
import { type Clock, toIso } from '../runtime/clock.ts';
import { count, logger, recordMaximum } from '../runtime/observability.ts';
import type { DeadLetter } from './dead-letter.ts';
import { failureDetails, historyOf, type QueuePort, waitMsOf } from './queue.ts';
import { correlationFields } from './received-event.ts';

/**
 * A message is dead-lettered at the fifth failure of its consumer. Before, it is retried after 1, 2, 4 and 8 s. Its
 * receive count does not matter, because SQS also counts receives for which Lambda had no concurrency left.
 */
export const MAX_FAILURES = 5;
export const backoffSeconds = (failures: number): number => 2 ** (failures - 1);

/**
 * Most contention ends at once. A message that has waited for longer waits for another quarter of that time, up to a
 * maximum.
 */
const MIN_REQUEUE_DELAY_S = 3;
const MAX_REQUEUE_DELAY_S = 120;
const WAIT_MS_PER_DELAY_S = 4000;

/** Returns the delay of a requeued message, with jitter, so that messages that collided do not return together. */
export const requeueDelaySeconds = (waitMs: number, random: number): number => {
  const maxSeconds = Math.min(MAX_REQUEUE_DELAY_S, Math.max(MIN_REQUEUE_DELAY_S, waitMs / WAIT_MS_PER_DELAY_S));
  // A long delay is drawn from its second half. Otherwise one of many waiting messages would always return at once.
  return Math.ceil(maxSeconds > MIN_REQUEUE_DELAY_S ? (maxSeconds * (1 + random)) / 2 : maxSeconds * random) || 1;
};

/** How the handling of a message has ended, and so what happens to the message. */
export type HandlingResult = { readonly isContended?: true } & (
  | { readonly outcome: 'done' | 'duplicate' | 'requeue' }
  | { readonly outcome: 'retry' | 'dead_letter'; readonly reason: string }
);
export type HandledMessage = { readonly record: SQSRecord; readonly event?: Envelope } & HandlingResult;

interface SettlementPorts {
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly consumer: string;
  /** Records beside the aggregate that an event about it was dead-lettered. */
  readonly recordDeadLetter: (event: Envelope, deadLetter: DeadLetter) => Promise<unknown>;
}

/**
 * Acknowledges, retries, requeues or dead-letters each message of a batch. A message whose settlement fails is reported
 * as failed, so that SQS delivers it again.
 */
export async function settleMessages(
  messages: readonly HandledMessage[],
  ports: SettlementPorts,
): Promise<SQSBatchResponse> {
  const failedIds: string[] = [];
  const counts = { done: 0, duplicate: 0, retried: 0, dead_lettered: 0, requeued: 0 };
  const settle = async (message: HandledMessage): Promise<void> => {
    const failures = historyOf(message.record).failures + 1;
    if (message.outcome === 'requeue') {
      await requeue(message, ports);
      counts.requeued += 1;
    } else if (message.outcome === 'dead_letter' || (message.outcome === 'retry' && failures >= MAX_FAILURES)) {
      await deadLetter(message, message.reason, ports);
      counts.dead_lettered += 1;
    } else if (message.outcome === 'retry') {
      await retry(message, failures, ports);
      counts.retried += 1;
    } else counts[message.outcome] += 1;
  };
  // Concurrently, because the next batch waits for this one, and a batch of dead letters must not delay it for long.
  await Promise.all(
    messages.map((message) =>
      settle(message).catch((error: unknown) => {
        const { messageId } = message.record;
        logger.error('message not settled', { message_id: messageId, outcome: message.outcome, error: error as Error });
        failedIds.push(messageId);
      }),
    ),
  );
  count('MessagesProcessed', counts.done);
  count('Duplicates', counts.duplicate);
  count('MessagesRetried', counts.retried);
  count('MessagesDeadLettered', counts.dead_lettered);
  count('MessagesRequeued', counts.requeued);
  logger.info('batch settled', { consumer: ports.consumer, ...counts });
  return { batchItemFailures: failedIds.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** Sends the message to its queue as a new one that carries the number of its failures, which SQS does not count. */
const retry = ({ record }: HandledMessage, failures: number, { queue }: SettlementPorts): Promise<void> =>
  queue.requeue({
    body: record.body,
    delaySeconds: backoffSeconds(failures),
    history: { ...historyOf(record), failures },
  });

/** Sends the message to its queue as a new one. SQS forgets its age by that, so a metric records its waiting time. */
async function requeue(message: HandledMessage, { queue, clock, consumer }: SettlementPorts): Promise<void> {
  const { record, isContended } = message;
  const now = clock.now();
  const waitMs = waitMsOf(record, isContended ? 'waiting_since' : 'prerequisite_since', now);
  const delaySeconds = requeueDelaySeconds(waitMs, clock.random());
  const { prerequisite_since = toIso(now), ...before } = historyOf(record);
  const history = isContended ? { waiting_since: toIso(now), ...before } : { ...before, prerequisite_since };
  await queue.requeue({ body: record.body, delaySeconds, history });
  recordMaximum('RequeuedMessageAge', waitMs / 1000, consumer);
}

async function deadLetter(message: HandledMessage, reason: string, ports: SettlementPorts): Promise<void> {
  const { event, record } = message;
  const details = failureDetails(record, reason, ports.clock.now());
  await ports.queue.deadLetter(record.body, details);
  if (event) await tryToRecord(event, { ...details, consumer: ports.consumer }, ports);
  logger.error('message dead-lettered', {
    ...correlationFields(event),
    message_id: record.messageId,
    reason,
    receive_count: details.receive_count,
  });
}

/** Records the dead letter if possible. The message is in the DLQ already, so a failure here must not retry it. */
async function tryToRecord(event: Envelope, deadLetter: DeadLetter, { recordDeadLetter }: SettlementPorts) {
  try {
    await recordDeadLetter(event, deadLetter);
  } catch (error) {
    logger.warn('dead letter not recorded', { ...correlationFields(event), error: error as Error });
  }
}
