import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Envelope, EventDefinition, EventOf } from '../../events/envelope.ts';
import { readChaos } from './chaos.ts';
import { type Chaos, calm } from './chaos-setting.ts';
import { type Clock, iso, systemClock } from './clock.ts';
import { deliver, type Outcome, type Settled } from './deliver.ts';
import { ConsumerEnv, readEnv } from './env.ts';
import { AlreadyDone, Busy, NotYet, Poison, Rejected } from './errors.ts';
import type { Death } from './grave.ts';
import { ageOf, eventIn, type Incoming, threadOf } from './incoming.ts';
import { count, logger, observed } from './observability.ts';
import type { QueuePort } from './queue.ts';
import type { Call, Patience, Receipts } from './receipt.ts';
import { sqsQueue } from './sqs-queue.ts';

/** A consumer gives contention up after half of its time, so that what it puts back is put back in time. */
const PATIENCE = 0.5;

/** For so long a step waits for what it stands on: the relay's longest pause. */
const NOT_YET_MS = 15 * 60_000;

/** What a consumer stands on. Lambda's own is the default; a simulation brings its own. */
export interface ConsumerRuntime<Deps> {
  readonly deps: (call: Patience) => Deps;
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

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

/** Waiting messages of one kind together: what `by` calls equal is handed over at once. Where that fails, each goes by itself. */
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
    const groups = new Map<string, Incoming<E>[]>();
    for (const record of Records) {
      try {
        const event = eventIn(on, record.body);
        const key = by(event, record.messageId);
        groups.set(key, [...(groups.get(key) ?? []), { record, event }]);
      } catch (error) {
        outcomes.push({ record, to: 'dlq', reason: reasonOf(error) });
      }
    }
    const deadline = started + timeoutMs * PATIENCE;
    const take = async (group: readonly Incoming<E>[]): Promise<Outcome[]> => {
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
      // that one of several is decided, too early or wrong says nothing of the others; contention is everybody's
      if (group.length > 1 && settled.to !== 'done' && !settled.contended)
        return (await Promise.all(group.map((one) => take([one])))).flat();
      return group.map((parsed) => ({ ...parsed, ...settled }));
    };
    outcomes.push(...(await Promise.all([...groups.values()].map(take))).flat());
    const told = (event: Envelope, death: Death) => mourn(event as EventOf<E>, death, deps({ deadline }));
    return deliver(outcomes, { queue, clock, consumer, mourn: told });
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
    if (error instanceof Busy) return { to: 'queue', contended: true };
    // as long as what is missing may be parked; then it counts as a failure, and ends where somebody looks
    if (error instanceof NotYet && events.every((event) => ageOf(event, now) < NOT_YET_MS)) return { to: 'queue' };
    const permanent = error instanceof Poison || error instanceof Rejected;
    for (const event of events) logger.warn('message failed', { ...threadOf(event), error: error as Error, permanent });
    return { to: permanent ? 'dlq' : 'retry', reason: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const recordOf = <E extends EventDefinition>(event: Envelope, group: readonly Incoming<E>[]): SQSRecord | undefined =>
  group.find((one) => one.event.id === event.id)?.record;

function receiptOf<E extends EventDefinition>(
  event: Envelope,
  group: readonly Incoming<E>[],
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
