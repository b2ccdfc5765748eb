import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Envelope } from '../../../events/envelope.ts';
import { type Clock, toIso } from '../runtime/clock.ts';
import { count, logger, recordMaximum } from '../runtime/observability.ts';
import type { DeadLetter } from './dead-letter.ts';
import { changeVisibilityOfAll, type QueuePort, type VisibilityChange } from './queue.ts';
import { ageMsOf, correlationFields } from './received-event.ts';

/** A message that fails for the fifth time is buried; until then it waits 1, 2, 4, 8 s. */
export const MAX_RECEIVES = 5;
export const backoffSeconds = (receives: number): number => 2 ** (receives - 1);

/** Contention is over in a moment. What is still contended later waits for a quarter of its age, and no longer than this. */
const MIN_REQUEUE_DELAY_S = 3;
const MAX_REQUEUE_DELAY_S = 120;

/** With jitter, so that those who collided do not meet again. */
export const requeueDelaySeconds = (ageMs: number, random: number): number => {
  const most = Math.min(MAX_REQUEUE_DELAY_S, Math.max(MIN_REQUEUE_DELAY_S, ageMs / 4000));
  // from the second half of it: one of many waiting for the same must not come back at once, time after time
  return Math.ceil(most > MIN_REQUEUE_DELAY_S ? (most * (1 + random)) / 2 : most * random) || 1;
};

/** How the handling of a message has ended. */
export type Handled = { readonly contended?: true } & (
  | { readonly outcome: 'done' | 'duplicate' | 'requeue' }
  | { readonly outcome: 'retry' | 'dead_letter'; readonly reason: string }
);
export type Outcome = { readonly record: SQSRecord; readonly event?: Envelope } & Handled;

/** Tells those whom an event was about that it was buried. */
export type RecordDeadLetter = (event: Envelope, death: DeadLetter) => Promise<unknown>;

interface SettlementPorts {
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly consumer: string;
  readonly recordDeadLetter: RecordDeadLetter;
}

/** Acknowledges, delays, puts back or buries each message; what cannot be moved stays, and SQS brings it again. */
export async function settleMessages(outcomes: readonly Outcome[], on: SettlementPorts): Promise<SQSBatchResponse> {
  const stays: string[] = [];
  const delays: VisibilityChange[] = [];
  const counts = { done: 0, duplicate: 0, retried: 0, dead_lettered: 0, requeued: 0 };
  const move = async (outcome: Outcome): Promise<void> => {
    const { messageId: id, receiptHandle: handle, attributes } = outcome.record;
    const receives = Number(attributes.ApproximateReceiveCount);
    try {
      if (outcome.outcome === 'requeue') {
        await requeue(outcome, on);
        counts.requeued += 1;
      } else if (outcome.outcome === 'dead_letter' || (outcome.outcome === 'retry' && receives >= MAX_RECEIVES)) {
        await deadLetter(outcome, outcome.reason, on);
        counts.dead_lettered += 1;
      } else if (outcome.outcome === 'retry') {
        stays.push(id);
        delays.push({ id, handle, seconds: backoffSeconds(receives) });
        counts.retried += 1;
      } else counts[outcome.outcome] += 1;
    } catch (error) {
      logger.error('message could not be moved', { message_id: id, to: outcome.outcome, error: error as Error });
      stays.push(id);
    }
  };
  // side by side: the next batch waits for this one, and many that die must not keep it waiting for long
  await Promise.all(outcomes.map(move));
  await changeVisibilityOfAll(delays, on.queue);
  count('MessagesProcessed', counts.done);
  count('Duplicates', counts.duplicate);
  count('MessagesRetried', counts.retried);
  count('MessagesDeadLettered', counts.dead_lettered);
  count('MessagesRequeued', counts.requeued);
  logger.info('consumed', { consumer: on.consumer, ...counts });
  return { batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** As a fresh message, so that its queue forgets how old it is: the metric says it instead. */
async function requeue({ event, record }: Outcome, { queue, clock, consumer }: SettlementPorts): Promise<void> {
  const age = event ? ageMsOf(event, clock.now()) : 0;
  await queue.requeue(record.body, requeueDelaySeconds(age, clock.random()));
  recordMaximum('RequeuedMessageAge', age / 1000, consumer);
}

async function deadLetter(
  { event, record }: Outcome,
  reason: string,
  { queue, clock, consumer, recordDeadLetter }: SettlementPorts,
) {
  const { messageId: message_id, body, attributes } = record;
  const epitaph = {
    reason,
    first_received_at: toIso(Number(attributes.ApproximateFirstReceiveTimestamp)),
    last_received_at: toIso(clock.now()),
    receive_count: Number(attributes.ApproximateReceiveCount),
  };
  await queue.deadLetter(body, epitaph);
  if (event) await tryToRecord(() => recordDeadLetter(event, { ...epitaph, consumer }), correlationFields(event));
  const { receive_count } = epitaph;
  logger.error('message dead-lettered', { ...correlationFields(event), message_id, reason, receive_count });
}

/** The message is in its DLQ, which is what counts; its row is for those who look at the order first. */
async function tryToRecord(mourn: () => Promise<unknown>, thread: Record<string, string>): Promise<void> {
  try {
    await mourn();
  } catch (error) {
    logger.warn('burial not noted', { ...thread, error: error as Error });
  }
}
