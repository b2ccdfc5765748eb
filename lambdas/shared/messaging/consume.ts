import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent, SQSRecord } from 'aws-lambda';
import type { Envelope, EventDefinition, EventOf } from '../../../events/envelope.ts';
import { readChaos } from '../runtime/chaos.ts';
import { type Chaos, noFaults } from '../runtime/chaos-setting.ts';
import { type Clock, systemClock, toIso } from '../runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../runtime/env.ts';
import { AlreadyDone, Busy, PoisonMessage, PrerequisiteMissing, Rejected } from '../runtime/errors.ts';
import { count, logger, observability } from '../runtime/observability.ts';
import type { DeadLetter } from './dead-letter.ts';
import type { QueuePort } from './queue.ts';
import type { Deadline, MessageContext, Receipts } from './receipt.ts';
import { ageMsOf, correlationFields, parseEvent, type ReceivedEvent } from './received-event.ts';
import { type Handled, type Outcome, settleMessages } from './settle.ts';
import { createSqsQueue } from './sqs-queue.ts';

/** A consumer gives contention up after half of its time, so that what it puts back is put back in time. */
const DEADLINE_SHARE = 0.5;

/** For so long a step waits for what it stands on: the relay's longest pause. */
const MAX_PREREQUISITE_WAIT_MS = 15 * 60_000;

/** What a consumer stands on. Lambda's own is the default; a simulation brings its own. */
export interface ConsumerRuntime<Deps> {
  readonly createDeps: (call: Deadline) => Deps;
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

export interface Consumer<Deps> {
  (event: SQSEvent, context: { getRemainingTimeInMillis(): number }): Promise<SQSBatchResponse>;
  /** What it subscribes to: the rule of its queue, the simulation's bus and the operator's tools ask here. */
  readonly events: readonly EventDefinition[];
  /** The same consumer on another footing: memory adapters, a virtual clock. */
  withRuntime(
    runtime: ConsumerRuntime<Deps>,
  ): (event: SQSEvent, consumer: string, timeoutMs: number) => Promise<SQSBatchResponse>;
}

/** Leaves a row where an event of an aggregate was buried, so that whoever looks at the aggregate sees it. */
type RecordDeadLetter<E, Deps> = (event: E, death: DeadLetter, deps: Deps) => Promise<unknown>;

const recordNothing = async (): Promise<void> => undefined;

/** Each message by itself. */
export const consume = <const E extends EventDefinition, Deps>(
  on: readonly E[],
  wire: () => (call: Deadline) => Deps,
  act: (event: EventOf<E>, deps: Deps, call: MessageContext) => Promise<unknown>,
  mourn: RecordDeadLetter<EventOf<E>, Deps> = recordNothing,
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
  createDeps: () => (call: Deadline) => Deps,
  groupKeyOf: (event: EventOf<E>, messageId: string) => string,
  handle: (events: readonly EventOf<E>[], deps: Deps, call: MessageContext) => Promise<unknown>,
  recordDeadLetter: RecordDeadLetter<EventOf<E>, Deps> = recordNothing,
): Consumer<Deps> {
  const run = async (
    { Records }: SQSEvent,
    consumer: string,
    timeoutMs: number,
    { createDeps, queue, clock, chaos }: ConsumerRuntime<Deps>,
  ): Promise<SQSBatchResponse> => {
    const started = clock.now();
    const faults = await chaos();
    if (faults.latency_ms > 0) await clock.sleep(faults.latency_ms);
    const outcomes: Outcome[] = [];
    const groups = new Map<string, ReceivedEvent<E>[]>();
    for (const record of Records) {
      try {
        const event = parseEvent(on, record.body);
        const key = groupKeyOf(event, record.messageId);
        groups.set(key, [...(groups.get(key) ?? []), { record, event }]);
      } catch (error) {
        outcomes.push({ record, outcome: 'dead_letter', reason: reasonOf(error) });
      }
    }
    const deadlineMs = started + timeoutMs * DEADLINE_SHARE;
    const take = async (group: readonly ReceivedEvent<E>[]): Promise<Outcome[]> => {
      const events = group.map(({ event }) => event);
      const call: MessageContext = {
        deadlineMs,
        createReceipt: (event) => createReceipt(event, group, consumer, started, clock),
        messageIdOf: (event) => recordOf(event, group)?.messageId ?? '-',
      };
      const settled = await runHandler(
        () => withChaos(faults, clock, () => handle(events, createDeps(call), call)),
        events,
        clock.now(),
      );
      // that one of several is decided, too early or wrong says nothing of the others; contention is everybody's
      if (group.length > 1 && settled.outcome !== 'done' && !settled.contended)
        return (await Promise.all(group.map((one) => take([one])))).flat();
      return group.map((parsed) => ({ ...parsed, ...settled }));
    };
    outcomes.push(...(await Promise.all([...groups.values()].map(take))).flat());
    const told = (event: Envelope, death: DeadLetter) =>
      recordDeadLetter(event as EventOf<E>, death, createDeps({ deadlineMs }));
    return settleMessages(outcomes, { queue, clock, consumer, recordDeadLetter: told });
  };

  let lambda: { name: string; runtime: ConsumerRuntime<Deps> } | undefined;
  const handler = middy<SQSEvent, SQSBatchResponse>()
    .use(observability())
    .handler(async (event, context) => {
      if (!lambda) {
        const { CONSUMER, QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
        const queue = createSqsQueue(QUEUE_URL, DLQ_URL);
        lambda = { name: CONSUMER, runtime: { createDeps: createDeps(), queue, clock: systemClock, chaos: readChaos } };
      }
      return run(event, lambda.name, context.getRemainingTimeInMillis(), lambda.runtime);
    });
  return Object.assign(handler as unknown as Consumer<Deps>, {
    events: on,
    withRuntime: (runtime: ConsumerRuntime<Deps>) => (event: SQSEvent, consumer: string, timeoutMs: number) =>
      run(event, consumer, timeoutMs, runtime),
  });
}

async function withChaos(faults: Chaos, clock: Clock, act: () => Promise<unknown>): Promise<void> {
  if (faults === noFaults) return void (await act());
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

async function runHandler(act: () => Promise<unknown>, events: readonly Envelope[], now: number): Promise<Handled> {
  try {
    await act();
    for (const event of events) logger.info('event taken in', correlationFields(event));
    return { outcome: 'done' };
  } catch (error) {
    if (error instanceof AlreadyDone) {
      logger.info('already done', { row: `${error.row['pk']} ${error.row['sk']}` });
      return { outcome: 'duplicate' };
    }
    if (error instanceof Busy) return { outcome: 'requeue', contended: true };
    // as long as what is missing may be parked; then it counts as a failure, and ends where somebody looks
    if (error instanceof PrerequisiteMissing && events.every((event) => ageMsOf(event, now) < MAX_PREREQUISITE_WAIT_MS))
      return { outcome: 'requeue' };
    const permanent = error instanceof PoisonMessage || error instanceof Rejected;
    for (const event of events)
      logger.warn('message failed', { ...correlationFields(event), error: error as Error, permanent });
    return { outcome: permanent ? 'dead_letter' : 'retry', reason: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

const recordOf = <E extends EventDefinition>(
  event: Envelope,
  group: readonly ReceivedEvent<E>[],
): SQSRecord | undefined => group.find((one) => one.event.id === event.id)?.record;

function createReceipt<E extends EventDefinition>(
  event: Envelope,
  group: readonly ReceivedEvent<E>[],
  consumer: string,
  started: number,
  clock: Clock,
): Receipts {
  const record = recordOf(event, group);
  return {
    [event.id]: {
      consumer,
      received_at: toIso(started),
      processed_at: toIso(clock.now()),
      receive_count: Number(record?.attributes.ApproximateReceiveCount ?? 1),
      ...(event.published_at === undefined ? {} : { published_at: event.published_at }),
    },
  };
}
