import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { defineEvent, type EventOf } from '../../../../events/envelope.ts';
import { consume, consumeGroups } from '../../../../lambdas/shared/messaging/consume.ts';
import type { QueuePort } from '../../../../lambdas/shared/messaging/queue.ts';
import type { MessageContext } from '../../../../lambdas/shared/messaging/receipt.ts';
import { backoffSeconds, MAX_FAILURES, requeueDelaySeconds } from '../../../../lambdas/shared/messaging/settle.ts';
import type { Chaos } from '../../../../lambdas/shared/runtime/chaos-setting.ts';
import { noFaults } from '../../../../lambdas/shared/runtime/chaos-setting.ts';
import {
  AlreadyDone,
  Busy,
  OutcomeUnknown,
  PoisonMessage,
  PrerequisiteMissing,
  Rejected,
} from '../../../../lambdas/shared/runtime/errors.ts';
import { metrics } from '../../../../lambdas/shared/runtime/observability.ts';
import {
  createSteppingClock,
  Greeted,
  greeted,
  noChaos,
  noon,
  RecordingQueue,
  sqsRecord,
  withChaosRates,
} from '../../../support/fixtures.ts';

const Farewell = defineEvent({
  source: 'greetings',
  type: 'Farewell',
  version: 2,
  schema: z.object({ name: z.string() }),
  identityOf: ({ name }) => name,
});
type Deps = Record<string, never>;
const createDeps = () => (): Deps => ({});

/** Creates a consumer with a recording queue. `receive` returns the ids of the messages that failed. */
function createConsumer(
  handle: (event: EventOf<typeof Greeted | typeof Farewell>, deps: Deps, context: MessageContext) => Promise<unknown>,
  chaos: () => Promise<Chaos> = async () => noFaults,
) {
  const queue = new RecordingQueue();
  const clock = createSteppingClock();
  const run = consume([Greeted, Farewell], createDeps, handle).withRuntime({
    createDeps: () => ({}),
    queue,
    clock,
    chaos,
  });
  return {
    queue,
    clock,
    receive: async (...Records: ReturnType<typeof sqsRecord>[]) =>
      (await run({ Records }, 'greeter', 10_000)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
  };
}
const failFor = (name: string, error: () => unknown) => async (event: { data: { name: string } }) => {
  if (event.data.name === name) throw error();
};
const createError = () => new Error('failure');
const at = (ms: number) => new Date(ms).toISOString();
const bodyOf = (name: string) => JSON.stringify(greeted(name));
/** A message with these options is dead-lettered if it fails once more. */
const lastReceive = { history: { failures: 4 } };

describe('a message that succeeds', () => {
  test('is acknowledged', async () => {
    const seen: string[] = [];
    const { queue, receive } = createConsumer(async (event) => seen.push(event.id));
    expect(await receive(sqsRecord('a', greeted('alice')), sqsRecord('b', greeted('bob')))).toEqual([]);
    expect(seen.sort()).toEqual(['Greeted:alice', 'Greeted:bob']);
    expect(queue).toMatchObject({ requeued: [], deadLettered: [], visibilityChanges: [] });
  });

  test('is passed to the handler by its type', async () => {
    const types: string[] = [];
    const { receive } = createConsumer(async (event) => types.push(event.type));
    const farewell = Farewell.make(
      { name: 'bob' },
      { time: '2026-01-01T00:00:00Z', correlation_id: 'c', causation_id: 'c' },
    );
    await receive(sqsRecord('a', farewell), sqsRecord('b', greeted('alice')));
    expect(types.sort()).toEqual(['Farewell', 'Greeted']);
  });

  test('is acknowledged if it was done before', async () => {
    const { queue, receive } = createConsumer(failFor('alice', () => new AlreadyDone({ pk: 'P', sk: 'S' })));
    expect(await receive(sqsRecord('a', greeted('alice'), lastReceive))).toEqual([]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('has a receipt with consumer, times and receive count', async () => {
    const receipts: unknown[] = [];
    const messageIds: string[] = [];
    const { receive, clock } = createConsumer(async (event, _, context) => {
      clock.pass(250);
      receipts.push(context.createReceipt(event));
      messageIds.push(context.messageIdOf(event));
    });
    await receive(sqsRecord('a', { ...greeted('alice'), published_at: '2026-01-01T11:59:59Z' }, { receives: 3 }));
    await receive(sqsRecord('b', greeted('bob')));
    expect(messageIds).toEqual(['a', 'b']);
    expect(receipts).toEqual([
      {
        'Greeted:alice': {
          consumer: 'greeter',
          published_at: '2026-01-01T11:59:59Z',
          received_at: new Date(noon).toISOString(),
          processed_at: new Date(noon + 250).toISOString(),
          receive_count: 3,
        },
      },
      { 'Greeted:bob': expect.not.objectContaining({ published_at: expect.anything() }) },
    ]);
  });

  test('may use half of the function’s time for contention', async () => {
    let deadlineMs = 0;
    const { receive } = createConsumer(async (_event, _, context) => {
      deadlineMs = context.deadlineMs;
    });
    await receive(sqsRecord('a', greeted('alice')));
    expect(deadlineMs).toBe(noon + 5000);
  });
});

describe('a message that fails', () => {
  test('is retried after 1, 2, 4 and 8 seconds, by its number of failures', async () => {
    expect(MAX_FAILURES).toBe(5);
    const { queue, receive } = createConsumer(failFor('bad', createError));
    for (const failures of [0, 1, 2, 3])
      expect(await receive(sqsRecord('m', greeted('bad'), { history: { failures } }))).toEqual([]);
    expect(queue.requeued.map(({ delaySeconds }) => delaySeconds)).toEqual([1, 2, 4, 8]);
    expect(queue.requeued.map(({ history }) => history.failures)).toEqual([1, 2, 3, 4]);
    expect([1, 2, 3, 4].map(backoffSeconds)).toEqual([1, 2, 4, 8]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('is retried as a message that carries its first receive and the number of its receives', async () => {
    const { queue, receive } = createConsumer(failFor('bad', createError));
    await receive(sqsRecord('m', greeted('bad'), { receives: 3 }));
    const first = { failures: 1, receive_count: 3, first_received_at: at(noon + 1000) };
    expect(queue.requeued[0]?.history).toEqual(first);
    await receive(sqsRecord('m2', greeted('bad'), { receives: 2, sentAt: noon + 60_000, history: first }));
    expect(queue.requeued[1]?.history).toEqual({ ...first, failures: 2, receive_count: 5 });
  });

  test('is retried at its first failure, however often it was received before without concurrency', async () => {
    const { queue, receive } = createConsumer(failFor('bad', createError));
    expect(await receive(sqsRecord('m', greeted('bad'), { receives: 17 }))).toEqual([]);
    expect(queue.deadLettered).toEqual([]);
    expect(queue.requeued).toHaveLength(1);
  });

  test('is dead-lettered at the fifth failure with reason, times and receive count', async () => {
    const { queue, receive, clock } = createConsumer(failFor('bad', createError));
    clock.pass(15_000);
    const body = greeted('bad');
    const history = { failures: 4, receive_count: 6, first_received_at: at(noon + 1000) };
    expect(await receive(sqsRecord('m', body, { sentAt: noon + 8000, history }))).toEqual([]);
    expect(queue.deadLettered).toEqual([
      {
        body: JSON.stringify(body),
        details: {
          reason: 'Error: failure',
          first_received_at: at(noon + 1000),
          last_received_at: at(noon + 15_000),
          receive_count: 7,
        },
      },
    ]);
    expect(queue.requeued).toEqual([]);
  });

  test('does not affect other messages', async () => {
    const seen: string[] = [];
    const { queue, receive } = createConsumer(async (event) => {
      if (event.data.name.startsWith('bad')) throw createError();
      seen.push(event.data.name);
    });
    const names = ['good1', 'bad1', 'good2', 'bad2', 'good3'];
    expect(await receive(...names.map((name) => sqsRecord(name, greeted(name))))).toEqual([]);
    expect(seen).toEqual(['good1', 'good2', 'good3']);
    expect(queue.requeued.map(({ body }) => body)).toEqual(['bad1', 'bad2'].map((name) => bodyOf(name)));
  });

  test('is dead-lettered once, even if that cannot be recorded beside its aggregate', async () => {
    const queue = new RecordingQueue();
    const recordDeadLetter = async () => {
      throw new Error('the table is unavailable');
    };
    const consumer = consume([Greeted], createDeps, failFor('alice', createError), recordDeadLetter);
    const run = consumer.withRuntime({ createDeps: createDeps(), queue, clock: createSteppingClock(), chaos: noChaos });
    const Records = [sqsRecord('a', greeted('alice'), lastReceive)];
    expect(await run({ Records }, 'greeter', 10_000)).toEqual({ batchItemFailures: [] });
    expect(queue.deadLettered).toHaveLength(1);
  });

  test('is settled with a deadline, which leaves the function time to return the result of its batch', async () => {
    const deadlines: number[] = [];
    const unlimited = new RecordingQueue();
    const queue: QueuePort = {
      requeue: (message) => unlimited.requeue(message),
      deadLetter: (body, details) => unlimited.deadLetter(body, details),
      changeVisibility: (changes) => unlimited.changeVisibility(changes),
      withDeadline: (deadlineMs) => {
        deadlines.push(deadlineMs);
        return unlimited;
      },
    };
    const consumer = consume([Greeted], createDeps, failFor('alice', createError));
    const run = consumer.withRuntime({ createDeps: createDeps(), queue, clock: createSteppingClock(), chaos: noChaos });
    await run({ Records: [sqsRecord('a', greeted('alice'))] }, 'greeter', 10_000);
    expect(deadlines).toEqual([noon + 9000]);
  });

  test('is delivered again by SQS if dead-lettering fails', async () => {
    const { queue, receive } = createConsumer(failFor('bad', createError));
    queue.failing = { deadLetter: true };
    expect(await receive(sqsRecord('good', greeted('good')), sqsRecord('bad', greeted('bad'), lastReceive))).toEqual([
      'bad',
    ]);
  });

  test('is delivered again by SQS if the retry cannot be sent', async () => {
    const { queue, receive } = createConsumer(failFor('bad', createError));
    queue.failing = { requeue: true };
    expect(await receive(sqsRecord('good', greeted('good')), sqsRecord('bad', greeted('bad')))).toEqual(['bad']);
  });

  test('has the thrown value as its reason if it is not an Error', async () => {
    const { queue, receive } = createConsumer(failFor('bad', () => 'a string'));
    await receive(sqsRecord('m', greeted('bad'), lastReceive));
    expect(queue.deadLettered[0]?.details.reason).toBe('a string');
  });
});

describe('the attributes of a message', () => {
  test.each([
    ['failures', 'x'],
    ['failures', '-3'],
    ['failures', '0.5'],
    ['receive_count', 'Infinity'],
    ['waiting_since', 'yesterday'],
    ['first_received_at', ''],
    ['failures', '1000001'],
    ['receive_count', '9007199254740991'],
    ['prerequisite_since', '12 o’clock'],
  ])('are ignored if %s is "%s"', async (name, value) => {
    const { queue, receive } = createConsumer(failFor('bad', createError));
    const record = sqsRecord('m', greeted('bad'), { receives: 2 });
    const messageAttributes = { [name]: { dataType: 'String', stringValue: value } };
    expect(await receive({ ...record, messageAttributes })).toEqual([]);
    expect(queue.requeued).toEqual([
      {
        body: bodyOf('bad'),
        delaySeconds: 1,
        history: { failures: 1, receive_count: 2, first_received_at: at(noon + 1000) },
      },
    ]);
  });
});

describe('a poison message', () => {
  const valid = greeted('alice');
  const { type: _, ...typeless } = valid;
  const cases: [string, unknown, string][] = [
    ['is not JSON', '{"half":', 'PoisonMessage: not JSON'],
    ['is empty', '', 'PoisonMessage: not JSON'],
    ['is JSON but not an object', 'null', 'PoisonMessage: not an event envelope'],
    ['is an array', '[]', 'PoisonMessage: not an event envelope'],
    ['is the event without its envelope', { name: 'alice', times: 1 }, 'PoisonMessage: not an event envelope: id'],
    ['has an envelope without a type', typeless, 'PoisonMessage: not an event envelope: type'],
    ['has an invalid time', { ...valid, time: 'yesterday' }, 'PoisonMessage: not an event envelope: time'],
    [
      'is an event for another queue',
      { ...valid, type: 'Shouted' },
      'PoisonMessage: Shouted is not an event of this queue',
    ],
    ['has a type named like an Object property', { ...valid, type: 'constructor' }, 'is not an event of this queue'],
    [
      'is published by another source',
      { ...valid, source: 'elsewhere' },
      'PoisonMessage: Greeted may not be published by elsewhere',
    ],
    ['has an unknown version', { ...valid, version: 2 }, 'PoisonMessage: version 2 of Greeted is unknown'],
    [
      'breaks its schema',
      { ...valid, data: { name: 'alice' } },
      'PoisonMessage: Greeted does not match its schema: times',
    ],
    ['has no data', { ...valid, data: undefined }, 'PoisonMessage: '],
  ];

  test.each(cases)('is dead-lettered at the first receive if it %s', async (_, body, reason) => {
    const seen: string[] = [];
    const { queue, receive } = createConsumer(async (event) => seen.push(event.id));
    expect(
      await receive(sqsRecord('before', greeted('x')), sqsRecord('bad', body), sqsRecord('after', greeted('y'))),
    ).toEqual([]);
    expect(seen).toEqual(['Greeted:x', 'Greeted:y']);
    expect(queue.deadLettered).toHaveLength(1);
    expect(queue.deadLettered[0]?.body).toBe(typeof body === 'string' ? body : JSON.stringify(body));
    expect(queue.deadLettered[0]?.details).toMatchObject({ reason: expect.stringContaining(reason), receive_count: 1 });
    expect(queue.requeued).toEqual([]);
  });

  test('is not one with another version of an event: each version is parsed by its own schema', async () => {
    const ShoutedV1 = defineEvent({
      source: 'greetings',
      type: 'Shouted',
      version: 1,
      schema: z.object({ name: z.string() }),
      identityOf: ({ name }) => name,
    });
    const ShoutedV2 = defineEvent({
      source: 'greetings',
      type: 'Shouted',
      version: 2,
      schema: z.object({ names: z.array(z.string()) }),
      identityOf: String,
    });
    const seen: unknown[] = [];
    const queue = new RecordingQueue();
    const handle = async ({ data }: { data: unknown }) => seen.push(data);
    const runtime = { createDeps: () => ({}), queue, clock: createSteppingClock(), chaos: async () => noFaults };
    const cause = { time: new Date(noon).toISOString(), correlation_id: 'correlation', causation_id: 'cause' };
    const Records = [ShoutedV1.make({ name: 'a' }, cause), ShoutedV2.make({ names: ['b'] }, cause)].map(
      (event, index) => sqsRecord(`m${index}`, event),
    );
    await consume([ShoutedV1, ShoutedV2], createDeps, handle).withRuntime(runtime)({ Records }, 'greeter', 10_000);
    expect(seen).toEqual([{ name: 'a' }, { names: ['b'] }]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('is dead-lettered with every error of its data', async () => {
    const { queue, receive } = createConsumer(async () => undefined);
    await receive(sqsRecord('m', { ...valid, data: { name: '', times: 1.5 } }));
    expect(queue.deadLettered[0]?.details.reason).toMatch(/name: .*times: /);
  });

  test.each([
    ['the domain rejects it', new Rejected('rejected', 'rejected by the domain')],
    ['the handler throws PoisonMessage', new PoisonMessage('unknown account')],
  ])('is dead-lettered at the first receive if %s', async (_, error) => {
    const { queue, receive } = createConsumer(failFor('bad', () => error));
    expect(await receive(sqsRecord('m', greeted('bad')))).toEqual([]);
    expect(queue.deadLettered[0]?.details.reason).toContain(error.message);
  });
});

test('the poison messages of a batch are dead-lettered concurrently', async () => {
  const { queue, receive } = createConsumer(async () => undefined);
  const started: string[] = [];
  const allStarted = Promise.withResolvers<void>();
  queue.deadLetter = async (body) => {
    if (started.push(body) === 3) allStarted.resolve();
    await allStarted.promise;
  };
  expect(await receive(sqsRecord('a', 'no'), sqsRecord('b', 'not'), sqsRecord('c', 'nothing'))).toEqual([]);
  expect(started).toEqual(['no', 'not', 'nothing']);
});

describe('a message under contention', () => {
  test('is requeued as a new message and never dead-lettered', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new Busy('contended')));
    const body = greeted('busy');
    expect(await receive(sqsRecord('m', body, lastReceive))).toEqual([]);
    expect(queue.requeued.map(({ body }) => body)).toEqual([JSON.stringify(body)]);
    expect(queue.requeued[0]?.history.failures).toBe(4);
    expect(queue.deadLettered).toEqual([]);
  });

  test('is requeued with a delay that grows with its age, with jitter', () => {
    const bounds = (ageMs: number) => [0, 0.5, 0.999].map((random) => requeueDelaySeconds(ageMs, random));
    expect(bounds(0)).toEqual([1, 2, 3]);
    expect(bounds(12_000)).toEqual([1, 2, 3]);
    expect(bounds(60_000)).toEqual([8, 12, 15]);
    expect(bounds(3_600_000)).toEqual([60, 90, 120]);
  });

  test('is requeued with the time since which it waits, and a metric of it', async () => {
    const added = vi.fn();
    const spy = vi.spyOn(metrics, 'singleMetric').mockReturnValue({ addDimension: added, addMetric: added } as never);
    const { receive, clock, queue } = createConsumer(failFor('busy', () => new Busy('contended')));
    await receive(sqsRecord('m', greeted('busy'), { sentAt: noon - 3_600_000 }));
    expect(queue.requeued[0]?.history.waiting_since).toBe(at(noon));
    expect(queue.requeued[0]?.delaySeconds).toBeLessThanOrEqual(3);
    clock.pass(400_000);
    await receive(sqsRecord('m', greeted('busy'), { history: { waiting_since: at(noon) } }));
    expect(queue.requeued[1]?.history.waiting_since).toBe(at(noon));
    spy.mockRestore();
    expect(added.mock.calls).toEqual([
      ['consumer', 'greeter'],
      ['RequeuedMessageAge', 'Seconds', 0],
      ['consumer', 'greeter'],
      ['RequeuedMessageAge', 'Seconds', 400],
    ]);
  });

  test('fails after 24 hours of contention, however long it was in its queue before', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new Busy('contended')));
    const requeuedSince = (ms: number) => ({ history: { failures: 4, waiting_since: at(noon - ms) } });
    await receive(sqsRecord('first', greeted('busy'), { ...lastReceive, sentAt: noon - 72 * 3600_000 }));
    await receive(sqsRecord('young', greeted('busy'), requeuedSince(24 * 3600_000 - 1)));
    expect(queue.deadLettered).toEqual([]);
    await receive(sqsRecord('old', greeted('busy'), requeuedSince(24 * 3600_000)));
    expect(queue.deadLettered[0]?.details.reason).toBe('Busy: contended');
  });

  test('does not count the time of contention as a wait for a prerequisite', async () => {
    const { queue, receive } = createConsumer(failFor('early', () => new PrerequisiteMissing('not known yet')));
    const hour = 3_600_000;
    const history = { failures: 4, waiting_since: at(noon - 5 * hour) };
    await receive(sqsRecord('contended', greeted('early'), { history }));
    expect(queue.requeued[0]?.history).toMatchObject({ ...history, prerequisite_since: at(noon) });
    await receive(sqsRecord('old', greeted('early'), { history: { ...history, prerequisite_since: at(noon - hour) } }));
    expect(queue.deadLettered[0]?.details.reason).toBe('PrerequisiteMissing: not known yet');
  });

  test('starts the wait for a prerequisite again, since its rows could not be read', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new Busy('contended')));
    const history = { waiting_since: at(noon - 2000), prerequisite_since: at(noon - 1000) };
    await receive(sqsRecord('m', greeted('busy'), { history }));
    expect(queue.requeued[0]?.history).toMatchObject({ waiting_since: at(noon - 2000) });
    expect(queue.requeued[0]?.history).not.toHaveProperty('prerequisite_since');
  });

  test('waits since it was sent at the latest, whatever its attribute says', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new Busy('contended')));
    const day = 24 * 3_600_000;
    const history = { failures: 4, waiting_since: '9999-12-31T23:59:59.000Z' };
    await receive(sqsRecord('m', greeted('busy'), { sentAt: noon - day, history }));
    expect(queue.deadLettered).toHaveLength(1);
  });

  test('is requeued if the outcome of its write is unknown', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new OutcomeUnknown('no response')));
    expect(await receive(sqsRecord('m', greeted('busy'), lastReceive))).toEqual([]);
    expect(queue.requeued).toHaveLength(1);
  });

  test('is delivered again by SQS if it cannot be requeued', async () => {
    const { queue, receive } = createConsumer(failFor('busy', () => new Busy('contended')));
    queue.failing = { requeue: true };
    expect(await receive(sqsRecord('m', greeted('busy'), lastReceive))).toEqual(['m']);
    expect(queue.deadLettered).toEqual([]);
  });
});

describe('a group with a message that was done before', () => {
  test('is handled message by message', async () => {
    const handled: string[][] = [];
    const handle = async (events: readonly { data: { name: string } }[]) => {
      const names = events.map(({ data }) => data.name);
      if (names.includes('old')) throw new AlreadyDone({ pk: 'P', sk: 'S' });
      handled.push(names);
    };
    const queue = new RecordingQueue();
    const run = consumeGroups({ events: [Greeted], createDeps, groupKeyOf: () => 'all', handle }).withRuntime({
      createDeps: () => ({}),
      queue,
      clock: createSteppingClock(),
      chaos: async () => noFaults,
    });
    const Records = ['new', 'old', 'newer'].map((name) => sqsRecord(name, greeted(name)));
    expect(await run({ Records }, 'greeter', 10_000)).toEqual({ batchItemFailures: [] });
    expect(handled).toEqual([['new'], ['newer']]);
  });
});

describe('messages with the same group key', () => {
  const createGroupConsumer = (handle: (names: string[]) => Promise<unknown>) => {
    const queue = new RecordingQueue();
    const run = consumeGroups({
      events: [Greeted],
      createDeps,
      groupKeyOf: (event) => String(event.data.times),
      handle: async (events) => handle(events.map(({ data }) => data.name)),
    }).withRuntime({ createDeps: () => ({}), queue, clock: createSteppingClock(), chaos: async () => noFaults });
    return { queue, run };
  };
  const records = [
    sqsRecord('a1', greeted('a1', { times: 1 })),
    sqsRecord('b1', greeted('b1', { times: 2 })),
    sqsRecord('a2', greeted('a2', { times: 1 })),
    sqsRecord('bad', 'poison'),
    sqsRecord('b2', greeted('b2', { times: 2 }), lastReceive),
  ];

  test('are passed together, in their order', async () => {
    const groups: string[][] = [];
    const { run, queue } = createGroupConsumer(async (names) => groups.push(names));
    await run({ Records: records }, 'greeter', 1000);
    expect(groups).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
  });

  test('are handled one by one if the group fails', async () => {
    const groups: string[][] = [];
    const { run, queue } = createGroupConsumer(async (names) => {
      if (names.includes('b1')) throw createError();
      groups.push(names);
    });
    const { batchItemFailures } = await run({ Records: records }, 'greeter', 1000);
    expect(groups).toEqual([['a1', 'a2'], ['b2']]);
    expect(batchItemFailures).toEqual([]);
    expect(queue.requeued.map(({ body }) => body)).toEqual([JSON.stringify(greeted('b1', { times: 2 }))]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
  });

  test('are requeued together under contention, without an attempt for each', async () => {
    let attempts = 0;
    const { run, queue } = createGroupConsumer(async () => {
      attempts += 1;
      throw new Busy('contended');
    });
    await run({ Records: records }, 'greeter', 1000);
    expect(attempts).toBe(2);
    expect(queue.requeued).toHaveLength(4);
  });

  test('wait for a missing prerequisite by their own ages', async () => {
    const { run, queue } = createGroupConsumer(async (names) => {
      if (names.includes('a1')) throw new PrerequisiteMissing('not known yet');
    });
    const late = { ...greeted('a1', { times: 1 }), nudge: 'late' };
    const Records = [
      sqsRecord('late', late, { history: { failures: 4, prerequisite_since: at(noon - 61 * 60_000) } }),
      sqsRecord('young', greeted('a1', { times: 1 })),
      sqsRecord('a2', greeted('a2')),
    ];
    expect(await run({ Records }, 'greeter', 1000)).toEqual({ batchItemFailures: [] });
    expect(queue.deadLettered.map(({ body }) => body)).toEqual([JSON.stringify(late)]);
    expect(queue.requeued.map(({ body, history }) => [body, history.failures])).toEqual([
      [JSON.stringify(greeted('a1', { times: 1 })), 0],
    ]);
  });
});

describe('chaos', () => {
  test.each([
    ['before', { consumer_crash_before: 1 }, 0],
    ['after', { consumer_crash_after: 1 }, 1],
  ] as const)('fails the message %s its handler', async (when, faults, times) => {
    let calls = 0;
    const { receive, queue } = createConsumer(async () => {
      calls += 1;
    }, withChaosRates(faults));
    expect(await receive(sqsRecord('m', greeted('alice')))).toEqual([]);
    expect(queue.requeued).toHaveLength(1);
    expect(calls).toBe(times);
    await receive(sqsRecord('m', greeted('alice'), lastReceive));
    expect(queue.deadLettered[0]?.details.reason).toContain(`crashed ${when}`);
  });

  test('handles a message twice and later', async () => {
    let calls = 0;
    const { receive, clock } = createConsumer(
      async () => {
        calls += 1;
      },
      withChaosRates({ duplicate: 1, latency_ms: 700 }),
    );
    expect(await receive(sqsRecord('m', greeted('alice')))).toEqual([]);
    expect(calls).toBe(2);
    expect(clock.waits).toEqual([700]);
  });
});
