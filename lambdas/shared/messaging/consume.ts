import middy from '@middy/core';
import type { SQSBatchResponse, SQSEvent } from 'aws-lambda';
import type { Envelope, EventDefinition, EventOf } from '../../../events/envelope.ts';
import { readChaos } from '../runtime/chaos.ts';
import { type Chaos, noFaults } from '../runtime/chaos-setting.ts';
import { type Clock, type Deadline, systemClock, toIso } from '../runtime/clock.ts';
import { ConsumerEnv, readEnv } from '../runtime/env.ts';
import { AlreadyDone, Busy, PoisonMessage, PrerequisiteMissing, Rejected } from '../runtime/errors.ts';
import { count, logger, observability } from '../runtime/observability.ts';
import type { DeadLetter } from './dead-letter.ts';
import { historyOf, type QueuePort, waitMsOf } from './queue.ts';
import type { MessageContext, Receipts } from './receipt.ts';
import { correlationFields, parseEvent, type ReceivedEvent } from './received-event.ts';
import { type HandledMessage, type HandlingResult, settleMessages } from './settle.ts';
import { createSqsQueue } from './sqs-queue.ts';

/** The share of the function's time for retries under contention. The rest is for settling the messages. */
const DEADLINE_SHARE = 0.5;
/** The share of the function's time after which settling ends too, so that the result of the batch is returned. */
const SETTLEMENT_SHARE = 0.9;

/**
 * The event that is missing may be parked. The longest delay of `outbox-retry` is 15 minutes, and a bus that has just
 * become available again may refuse an event several times in succession.
 */
const MAX_PREREQUISITE_WAIT_MS = 60 * 60_000;
/** A table may be unavailable for a day, like the bus. Contention that lasts longer counts as a failure. */
const MAX_CONTENTION_MS = 24 * 3600_000;

/** What a consumer runs on. The default is Lambda's; a simulation passes its own. */
export interface ConsumerRuntime<Deps> {
  readonly createDeps: (deadline: Deadline) => Deps;
  readonly queue: QueuePort;
  readonly clock: Clock;
  readonly chaos: () => Promise<Chaos>;
}

export interface Consumer<Deps> {
  (event: SQSEvent, context: { getRemainingTimeInMillis(): number }): Promise<SQSBatchResponse>;
  /** The events that it consumes. The simulation's bus and the operator's tools subscribe by this list. */
  readonly events: readonly EventDefinition[];
  /** Returns the same consumer on another runtime, for example with memory adapters and a virtual clock. */
  withRuntime(
    runtime: ConsumerRuntime<Deps>,
  ): (event: SQSEvent, consumer: string, timeoutMs: number) => Promise<SQSBatchResponse>;
}

/** Writes the row that shows, beside the aggregate, that an event about it was dead-lettered. */
type DeadLetterRecorder<E, Deps> = (event: E, deadLetter: DeadLetter, deps: Deps) => Promise<unknown>;

/** Declares a consumer that handles each message on its own. */
export const consume = <const E extends EventDefinition, Deps>(
  definitions: readonly E[],
  createDeps: () => (deadline: Deadline) => Deps,
  handle: (event: EventOf<E>, deps: Deps, context: MessageContext) => Promise<unknown>,
  recordDeadLetter?: DeadLetterRecorder<EventOf<E>, Deps>,
): Consumer<Deps> =>
  consumeGroups({
    events: definitions,
    createDeps,
    groupKeyOf: (_event, messageId) => messageId,
    handle: async ([event], deps, context) => event && handle(event, deps, context),
    recordDeadLetter,
  });

interface GroupConsumer<E extends EventDefinition, Deps> {
  readonly events: readonly E[];
  readonly createDeps: () => (deadline: Deadline) => Deps;
  readonly groupKeyOf: (event: EventOf<E>, messageId: string) => string;
  readonly handle: (events: readonly EventOf<E>[], deps: Deps, context: MessageContext) => Promise<unknown>;
  readonly recordDeadLetter?: DeadLetterRecorder<EventOf<E>, Deps> | undefined;
}

/**
 * Declares a consumer that handles the messages of one batch in groups: events with equal keys are passed together. If
 * a group fails, each of its messages is handled on its own.
 */
export function consumeGroups<const E extends EventDefinition, Deps>({
  events: definitions,
  createDeps,
  groupKeyOf,
  handle,
  recordDeadLetter,
}: GroupConsumer<E, Deps>): Consumer<Deps> {
  const run = async (
    { Records }: SQSEvent,
    consumer: string,
    timeoutMs: number,
    { createDeps: depsFor, queue, clock, chaos }: ConsumerRuntime<Deps>,
  ): Promise<SQSBatchResponse> => {
    const receivedMs = clock.now();
    const faults = await chaos();
    if (faults.latency_ms > 0) await clock.sleep(faults.latency_ms);
    const deadlineMs = receivedMs + timeoutMs * DEADLINE_SHARE;
    const settlementMs = receivedMs + timeoutMs * SETTLEMENT_SHARE;
    const { groups, poison } = groupMessages(definitions, Records, groupKeyOf);

    const handleGroup = async (group: readonly ReceivedEvent<E>[]): Promise<HandledMessage[]> => {
      const events = group.map(({ event }) => event);
      const context = createContext(group, { consumer, receivedMs, clock, deadlineMs });
      const result = await runHandler(
        () => withChaos(faults, clock, () => handle(events, depsFor(context), context)),
        group,
        clock.now(),
      );
      // The failure of one event says nothing about the others of its group. Contention concerns all of them.
      if (group.length > 1 && result.outcome !== 'done' && !result.isContended)
        return (await Promise.all(group.map((message) => handleGroup([message])))).flat();
      return group.map((message) => ({ ...message, ...result }));
    };

    const handled = (await Promise.all(groups.map(handleGroup))).flat();
    return settleMessages([...poison, ...handled], {
      queue: queue.withDeadline(settlementMs),
      clock,
      consumer,
      recordDeadLetter: async (event: Envelope, deadLetter: DeadLetter) =>
        recordDeadLetter?.(event as EventOf<E>, deadLetter, depsFor({ deadlineMs: settlementMs })),
    });
  };

  let lambda: { name: string; runtime: ConsumerRuntime<Deps> } | undefined;
  const handler = middy<SQSEvent, SQSBatchResponse>()
    .use(observability())
    .handler(async (event, context) => {
      if (!lambda) {
        const { CONSUMER, QUEUE_URL, DLQ_URL } = readEnv(ConsumerEnv);
        const queue = createSqsQueue(QUEUE_URL, DLQ_URL);
        const runtime = { createDeps: createDeps(), queue, clock: systemClock, chaos: readChaos };
        lambda = { name: CONSUMER, runtime };
      }
      return run(event, lambda.name, context.getRemainingTimeInMillis(), lambda.runtime);
    });
  return Object.assign(handler as unknown as Consumer<Deps>, {
    events: definitions,
    withRuntime: (runtime: ConsumerRuntime<Deps>) => (event: SQSEvent, consumer: string, timeoutMs: number) =>
      run(event, consumer, timeoutMs, runtime),
  });
}

/** Parses the messages and groups them. Messages that cannot be parsed are returned as handled: they are poison. */
function groupMessages<E extends EventDefinition>(
  definitions: readonly E[],
  records: SQSEvent['Records'],
  groupKeyOf: (event: EventOf<E>, messageId: string) => string,
): { groups: ReceivedEvent<E>[][]; poison: HandledMessage[] } {
  const groups = new Map<string, ReceivedEvent<E>[]>();
  const poison: HandledMessage[] = [];
  for (const record of records) {
    try {
      const event = parseEvent(definitions, record.body);
      const key = groupKeyOf(event, record.messageId);
      groups.set(key, [...(groups.get(key) ?? []), { record, event }]);
    } catch (error) {
      poison.push({ record, outcome: 'dead_letter', reason: reasonOf(error) });
    }
  }
  return { groups: [...groups.values()], poison };
}

async function withChaos(faults: Chaos, clock: Clock, handle: () => Promise<unknown>): Promise<void> {
  if (faults === noFaults) return void (await handle());
  const occurs = (rate: number) => clock.random() < rate;
  const fail = (when: string) => {
    count('ChaosFailures');
    throw new Error(`chaos: crashed ${when} the handler`);
  };
  if (occurs(faults.consumer_crash_before)) fail('before');
  await handle();
  if (occurs(faults.duplicate)) await handle();
  if (occurs(faults.consumer_crash_after)) fail('after');
}

/** Runs the handler and turns its error, if any, into the outcome of the messages. */
async function runHandler<E extends EventDefinition>(
  handle: () => Promise<unknown>,
  group: readonly ReceivedEvent<E>[],
  nowMs: number,
): Promise<HandlingResult> {
  const events = group.map(({ event }) => event);
  try {
    await handle();
    for (const event of events) logger.info('event processed', correlationFields(event));
    return { outcome: 'done' };
  } catch (error) {
    if (error instanceof AlreadyDone) {
      logger.info('already done', { row: `${error.row['pk']} ${error.row['sk']}` });
      return { outcome: 'duplicate' };
    }
    const longestWaitMs = (reason: Parameters<typeof waitMsOf>[1]) =>
      Math.max(...group.map(({ record }) => waitMsOf(record, reason, nowMs)));
    // After the maximum wait it counts as a failure, so that it ends in the DLQ, where an alarm sees it.
    if (error instanceof Busy && longestWaitMs('waiting_since') < MAX_CONTENTION_MS)
      return { outcome: 'requeue', isContended: true };
    if (error instanceof PrerequisiteMissing && longestWaitMs('prerequisite_since') < MAX_PREREQUISITE_WAIT_MS)
      return { outcome: 'requeue' };
    const isPermanent = error instanceof PoisonMessage || error instanceof Rejected;
    for (const event of events)
      logger.warn('message failed', { ...correlationFields(event), error: error as Error, permanent: isPermanent });
    return { outcome: isPermanent ? 'dead_letter' : 'retry', reason: reasonOf(error) };
  }
}

const reasonOf = (error: unknown): string =>
  error instanceof Error ? `${error.name}: ${error.message}` : String(error);

function createContext<E extends EventDefinition>(
  group: readonly ReceivedEvent<E>[],
  { consumer, receivedMs, clock, deadlineMs }: Deadline & { consumer: string; receivedMs: number; clock: Clock },
): MessageContext {
  const recordOf = (event: Envelope) => group.find((message) => message.event.id === event.id)?.record;
  const receiveCountOf = (event: Envelope) => {
    const record = recordOf(event);
    return record ? historyOf(record).receive_count : 1;
  };
  return {
    deadlineMs,
    messageIdOf: (event) => recordOf(event)?.messageId ?? '-',
    receiveCountOf,
    createReceipt: (event): Receipts => ({
      [event.id]: {
        consumer,
        received_at: toIso(receivedMs),
        processed_at: toIso(clock.now()),
        receive_count: receiveCountOf(event),
        ...(event.published_at === undefined ? {} : { published_at: event.published_at }),
      },
    }),
  };
}
