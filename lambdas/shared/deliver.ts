import type { SQSBatchResponse, SQSRecord } from 'aws-lambda';
import type { Envelope } from '../../events/envelope.ts';
import { type Clock, iso } from './clock.ts';
import type { Death } from './grave.ts';
import { ageOf, threadOf } from './incoming.ts';
import { count, logger, longest } from './observability.ts';
import { type Delay, delayAll, type QueuePort } from './queue.ts';

/** A message that fails for the fifth time is buried; until then it waits 1, 2, 4, 8 s. */
export const MAX_RECEIVES = 5;
export const backoffSeconds = (receives: number): number => 2 ** (receives - 1);

/** Contention is over in a moment. What is still contended later waits for a quarter of its age, and no longer than this. */
const FIRST_PUT_BACK_S = 3;
const LONGEST_PUT_BACK_S = 120;

/** With jitter, so that those who collided do not meet again. */
export const putBackSeconds = (ageMs: number, random: number): number => {
  const most = Math.min(LONGEST_PUT_BACK_S, Math.max(FIRST_PUT_BACK_S, ageMs / 4000));
  // from the second half of it: one of many waiting for the same must not come back at once, time after time
  return Math.ceil(most > FIRST_PUT_BACK_S ? (most * (1 + random)) / 2 : most * random) || 1;
};

/** How the handling of a message has ended. */
export type Settled = { readonly contended?: true } & (
  | { readonly to: 'done' | 'decided' | 'queue' }
  | { readonly to: 'retry' | 'dlq'; readonly reason: string }
);
export type Outcome = { readonly record: SQSRecord; readonly event?: Envelope } & Settled;

/** Tells those whom an event was about that it was buried. */
export type Mourners = (event: Envelope, death: Death) => Promise<unknown>;

interface Footing {
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly consumer: string;
  readonly mourn: Mourners;
}

/** Acknowledges, delays, puts back or buries each message; what cannot be moved stays, and SQS brings it again. */
export async function deliver(outcomes: readonly Outcome[], on: Footing): Promise<SQSBatchResponse> {
  const stays: string[] = [];
  const delays: Delay[] = [];
  const tally = { done: 0, decided: 0, retried: 0, buried: 0, put_back: 0 };
  const move = async (outcome: Outcome): Promise<void> => {
    const { messageId: id, receiptHandle: handle, attributes } = outcome.record;
    const receives = Number(attributes.ApproximateReceiveCount);
    try {
      if (outcome.to === 'queue') {
        await putBack(outcome, on);
        tally.put_back += 1;
      } else if (outcome.to === 'dlq' || (outcome.to === 'retry' && receives >= MAX_RECEIVES)) {
        await bury(outcome, outcome.reason, on);
        tally.buried += 1;
      } else if (outcome.to === 'retry') {
        stays.push(id);
        delays.push({ id, handle, seconds: backoffSeconds(receives) });
        tally.retried += 1;
      } else tally[outcome.to] += 1;
    } catch (error) {
      logger.error('message could not be moved', { message_id: id, to: outcome.to, error: error as Error });
      stays.push(id);
    }
  };
  // side by side: the next batch waits for this one, and many that die must not keep it waiting for long
  await Promise.all(outcomes.map(move));
  await delayAll(delays, on.queue);
  count('MessagesProcessed', tally.done);
  count('Duplicates', tally.decided);
  count('MessagesRetried', tally.retried);
  count('MessagesDeadLettered', tally.buried);
  count('MessagesPutBack', tally.put_back);
  logger.info('consumed', { consumer: on.consumer, ...tally });
  return { batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** As a fresh message, so that its queue forgets how old it is: the metric says it instead. */
async function putBack({ event, record }: Outcome, { queue, clock, consumer }: Footing): Promise<void> {
  const age = event ? ageOf(event, clock.now()) : 0;
  await queue.putBack(record.body, putBackSeconds(age, clock.random()));
  longest('PutBackAge', age / 1000, consumer);
}

async function bury({ event, record }: Outcome, reason: string, { queue, clock, consumer, mourn }: Footing) {
  const { messageId: message_id, body, attributes } = record;
  const epitaph = {
    reason,
    first_received_at: iso(Number(attributes.ApproximateFirstReceiveTimestamp)),
    last_received_at: iso(clock.now()),
    receive_count: Number(attributes.ApproximateReceiveCount),
  };
  await queue.bury(body, epitaph);
  if (event) await noted(() => mourn(event, { ...epitaph, consumer }), threadOf(event));
  const { receive_count } = epitaph;
  logger.error('message dead-lettered', { ...threadOf(event), message_id, reason, receive_count });
}

/** The message is in its DLQ, which is what counts; its row is for those who look at the order first. */
async function noted(mourn: () => Promise<unknown>, thread: Record<string, string>): Promise<void> {
  try {
    await mourn();
  } catch (error) {
    logger.warn('burial not noted', { ...thread, error: error as Error });
  }
}
