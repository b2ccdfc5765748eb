import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type * as z from 'zod/mini';
import { Envelope, type EventDefinition, type EventOf } from '../../events/envelope.ts';
import { readChaos } from './chaos.ts';
import { type Chaos, calm } from './chaos-setting.ts';
import { type Clock, iso, systemClock } from './clock.ts';
import { ConsumerEnv, readEnv } from './env.ts';
import { AlreadyDone, Busy, NotYet, Poison, Rejected } from './errors.ts';
import type { Death } from './grave.ts';
import { count, logger, observed } from './observability.ts';
import { type Delay, delayAll, type QueuePort } from './queue.ts';
import type { Call, Patience, Receipts } from './receipt.ts';
import { sqsQueue } from './sqs-queue.ts';
import './words.ts';

/** A message that fails for the fifth time is buried; until then it waits 1, 2, 4, 8 s. */
export const MAX_RECEIVES = 5;
export const backoffSeconds = (receives: number): number => 2 ** (receives - 1);

/** A consumer gives contention up after half of its time, so that what it puts back is put back in time. */
const PATIENCE = 0.5;

/** Contention is over in a moment; what was put back for it comes again within this time. */
const PUT_BACK_S = 3;

/** For so long a step waits for what it stands on: the relay's longest pause. */
const NOT_YET_MS = 15 * 60_000;

/** What a consumer stands on. Lambda's own is the default; a simulation brings its own. */
export interface ConsumerRuntime<Deps> {
  readonly deps: (call: Patience) => Deps;
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

interface Parsed<E extends EventDefinition> {
  readonly record: SQSRecord;
  readonly event: EventOf<E>;
}

type Settled = { to: 'done' | 'decided' | 'queue' } | { to: 'retry' | 'dlq'; reason: string };
type Outcome = { record: SQSRecord; event?: Envelope } & Settled;

export interface Consumer<Deps> {
  (event: SQSEvent, context: { getRemainingTimeInMillis(): number }): Promise<SQSBatchResponse>;
  /** What it subscribes to: the rule of its queue, the simulation's bus and the operator's tools ask here. */
  readonly events: readonly EventDefinition[];
  /** The same consumer on another footing: memory adapters, a virtual clock. */
  with(
    runtime: ConsumerRuntime<Deps>,
  ): (event: SQSEvent, consumer: string, timeoutMs: number) => Promise<SQSBatchResponse>;
}

/** Leaves a row where an event of an aggregate was buried, so that whoever looks at the aggregate sees it. */
type Mourn<E, Deps> = (event: E, death: Death, deps: Deps) => Promise<unknown>;

const nobodyMourns = async (): Promise<void> => undefined;

/** Each message by itself. */
export const consume = <const E extends EventDefinition, Deps>(
  on: readonly E[],
  wire: () => (call: Patience) => Deps,
  act: (event: EventOf<E>, deps: Deps, call: Call) => Promise<unknown>,
  mourn: Mourn<EventOf<E>, Deps> = nobodyMourns,
): Consumer<Deps> =>
  consumeGroups(
    on,
    wire,
    (_event, messageId) => messageId,
    async ([event], deps, call) => event && act(event, deps, call),
    mourn,
  );

/** Waiting messages of one kind together: what `by` calls equal is handed over at once, and fails or succeeds at once. */
export function consumeGroups<const E extends EventDefinition, Deps>(
  on: readonly E[],
  wire: () => (call: Patience) => Deps,
  by: (event: EventOf<E>, messageId: string) => string,
  act: (events: readonly EventOf<E>[], deps: Deps, call: Call) => Promise<unknown>,
  mourn: Mourn<EventOf<E>, Deps> = nobodyMourns,
): Consumer<Deps> {
  const run = async (
    { Records }: SQSEvent,
    consumer: string,
    timeoutMs: number,
    { deps, queue, clock, chaos }: ConsumerRuntime<Deps>,
  ): Promise<SQSBatchResponse> => {
    const started = clock.now();
    const faults = await chaos();
    if (faults.latency_ms > 0) await clock.sleep(faults.latency_ms);
    const outcomes: Outcome[] = [];
    const groups = new Map<string, Parsed<E>[]>();
    for (const record of Records) {
      try {
        const event = parse(on, record.body);
        const key = by(event, record.messageId);
        groups.set(key, [...(groups.get(key) ?? []), { record, event }]);
      } catch (error) {
        outcomes.push({ record, to: 'dlq', reason: reasonOf(error) });
      }
    }
    const deadline = started + timeoutMs * PATIENCE;
    const take = async (group: readonly Parsed<E>[]): Promise<Outcome[]> => {
      const events = group.map(({ event }) => event);
      const call: Call = {
        deadline,
        receiptOf: (event) => receiptOf(event, group, consumer, started, clock),
        messageOf: (event) => recordOf(event, group)?.messageId ?? '-',
      };
      const settled = await settle(
        () => withFaults(faults, clock, () => act(events, deps(call), call)),
        events,
        clock.now(),
      );
      // that one of several is decided says nothing of the others
      if (settled.to === 'decided' && group.length > 1)
        return (await Promise.all(group.map((one) => take([one])))).flat();
      return group.map((parsed) => ({ ...parsed, ...settled }));
    };
    outcomes.push(...(await Promise.all([...groups.values()].map(take))).flat());
    const told = (event: Envelope, death: Death) => mourn(event as EventOf<E>, death, deps({ deadline }));
    return deliver(outcomes, queue, clock, consumer, told);
  };

  let lambda: { name: string; runtime: ConsumerRuntime<Deps> } | undefined;
  const handler = middy<SQSEvent, SQSBatchResponse>()
    .use(observed())
    .handler(async (event, context) => {
      if (!lambda) {
        const { CONSUMER, QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
        const queue = sqsQueue(QUEUE_URL, DLQ_URL);
        lambda = { name: CONSUMER, runtime: { deps: wire(), queue, clock: systemClock, chaos: readChaos } };
      }
      return run(event, lambda.name, context.getRemainingTimeInMillis(), lambda.runtime);
    });
  return Object.assign(handler as unknown as Consumer<Deps>, {
    events: on,
    with: (runtime: ConsumerRuntime<Deps>) => (event: SQSEvent, consumer: string, timeoutMs: number) =>
      run(event, consumer, timeoutMs, runtime),
  });
}

/** What is not our envelope, not one of these events, or not of their schema, can never succeed. */
function parse<E extends EventDefinition>(on: readonly E[], body: string): EventOf<E> {
  let json: unknown;
  try {
    json = JSON.parse(body);
  } catch (error) {
    throw new Poison(`not JSON: ${(error as Error).message}`);
  }
  const envelope = Envelope.safeParse(json);
  if (!envelope.success) throw new Poison(`not our envelope: ${faultsOf(envelope.error)}`);
  const { type, version } = envelope.data;
  // a new version stands beside the old one until nobody sends that any more
  const versions = on.filter((one) => one.type === type);
  if (versions.length === 0) throw new Poison(`${type} is not for this queue`);
  const definition = versions.find((one) => one.version === version);
  if (!definition) throw new Poison(`${type} version ${version} is unknown here`);
  // the queue's rule matches sources and types apart from each other
  if (definition.source !== envelope.data.source)
    throw new Poison(`${type} is not for ${envelope.data.source} to state`);
  const data = definition.schema.safeParse(envelope.data.data);
  if (!data.success) throw new Poison(`${type} breaks its schema: ${faultsOf(data.error)}`);
  return { ...envelope.data, data: data.data } as EventOf<E>;
}

const faultsOf = (error: z.core.$ZodError): string =>
  error.issues.map((issue) => `${issue.path.join('.') || 'body'}: ${issue.message}`).join('; ');

async function withFaults(faults: Chaos, clock: Clock, act: () => Promise<unknown>): Promise<void> {
  if (faults === calm) return void (await act());
  const struck = (rate: number) => clock.random() < rate;
  const fail = (when: string) => {
    count('ChaosFailures');
    throw new Error(`chaos: crashed ${when} the step`);
  };
  if (struck(faults.consumer_crash_before)) fail('before');
  await act();
  if (struck(faults.duplicate)) await act();
  if (struck(faults.consumer_crash_after)) fail('after');
}

async function settle(act: () => Promise<unknown>, events: readonly Envelope[], now: number): Promise<Settled> {
  try {
    await act();
    for (const event of events) logger.info('event taken in', threadOf(event));
    return { to: 'done' };
  } catch (error) {
    if (error instanceof AlreadyDone) {
      logger.info('already done', { row: `${error.row['pk']} ${error.row['sk']}` });
      return { to: 'decided' };
    }
    if (error instanceof Busy) return { to: 'queue' };
    // as long as what is missing may be parked; then it counts as a failure, and ends where somebody looks
    if (
      error instanceof NotYet &&
      events.every((event) => now - Date.parse(event.published_at ?? event.time) < NOT_YET_MS)
    )
      return { to: 'queue' };
    const permanent = error instanceof Poison || error instanceof Rejected;
    for (const event of events) logger.warn('message failed', { ...threadOf(event), error: error as Error, permanent });
    return { to: permanent ? 'dlq' : 'retry', reason: reasonOf(error) };
  }
}

/** Groups run side by side, so each line says itself whom it is about. */
const threadOf = (event: Envelope | undefined) =>
  event ? { correlation_id: event.correlation_id, event_id: event.id } : {};

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

/** Acknowledges, delays, puts back or buries each message; what cannot be moved stays, and SQS brings it again. */
async function deliver(
  outcomes: Outcome[],
  queue: QueuePort,
  clock: Clock,
  consumer: string,
  mourn: (event: Envelope, death: Death) => Promise<unknown>,
): Promise<SQSBatchResponse> {
  const stays: string[] = [];
  const delays: Delay[] = [];
  const tally = { done: 0, decided: 0, retried: 0, buried: 0, put_back: 0 };
  const move = async (outcome: Outcome): Promise<void> => {
    const { messageId: id, body, receiptHandle: handle, attributes } = outcome.record;
    const receives = Number(attributes.ApproximateReceiveCount);
    try {
      if (outcome.to === 'queue') {
        await queue.putBack(body, Math.ceil(clock.random() * PUT_BACK_S));
        tally.put_back += 1;
      } else if (outcome.to === 'dlq' || (outcome.to === 'retry' && receives >= MAX_RECEIVES)) {
        const { reason, event } = outcome;
        const epitaph = {
          reason,
          first_received_at: iso(Number(attributes.ApproximateFirstReceiveTimestamp)),
          last_received_at: iso(clock.now()),
          receive_count: receives,
        };
        await queue.bury(body, epitaph);
        if (event) await noted(() => mourn(event, { ...epitaph, consumer }), threadOf(event));
        logger.error('message dead-lettered', {
          ...threadOf(outcome.event),
          message_id: id,
          reason,
          receive_count: receives,
        });
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
  await delayAll(delays, queue);
  count('MessagesProcessed', tally.done);
  count('Duplicates', tally.decided);
  count('MessagesRetried', tally.retried);
  count('MessagesDeadLettered', tally.buried);
  count('MessagesPutBack', tally.put_back);
  logger.info('consumed', { consumer, ...tally });
  return { batchItemFailures: stays.map((itemIdentifier) => ({ itemIdentifier })) };
}

/** The message is in its DLQ, which is what counts; its row is for those who look at the order first. */
async function noted(mourn: () => Promise<unknown>, thread: Record<string, string>): Promise<void> {
  try {
    await mourn();
  } catch (error) {
    logger.warn('burial not noted', { ...thread, error: error as Error });
  }
}

const recordOf = <E extends EventDefinition>(event: Envelope, group: readonly Parsed<E>[]): SQSRecord | undefined =>
  group.find((one) => one.event.id === event.id)?.record;

function receiptOf<E extends EventDefinition>(
  event: Envelope,
  group: readonly Parsed<E>[],
  consumer: string,
  started: number,
  clock: Clock,
): Receipts {
  const record = recordOf(event, group);
  return {
    [event.id]: {
      consumer,
      received_at: iso(started),
      processed_at: iso(clock.now()),
      receive_count: Number(record?.attributes.ApproximateReceiveCount ?? 1),
      ...(event.published_at === undefined ? {} : { published_at: event.published_at }),
    },
  };
}
