import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { defineEvent, type EventOf } from '../../../../events/envelope.ts';
import { consume, consumeGroups } from '../../../../lambdas/shared/messaging/consume.ts';
import type { MessageContext } from '../../../../lambdas/shared/messaging/receipt.ts';
import { backoffSeconds, MAX_RECEIVES, requeueDelaySeconds } from '../../../../lambdas/shared/messaging/settle.ts';
import type { Chaos } from '../../../../lambdas/shared/runtime/chaos-setting.ts';
import { noFaults } from '../../../../lambdas/shared/runtime/chaos-setting.ts';
import {
  AlreadyDone,
  Busy,
  PoisonMessage,
  PrerequisiteMissing,
  Rejected,
} from '../../../../lambdas/shared/runtime/errors.ts';
import { metrics } from '../../../../lambdas/shared/runtime/observability.ts';
import {
  createSteppingClock,
  Greeted,
  greeted,
  noon,
  RecordingQueue,
  sqsRecord,
  withChaosRates,
} from '../../../support/fixtures.ts';

const Farewell = defineEvent('greetings', 'Farewell', 2, z.object({ name: z.string() }), ({ name }) => name);
type Deps = Record<string, never>;
const wire = () => (): Deps => ({});

/** One consumer on its footing, and what became of each message. */
function running(
  act: (event: EventOf<typeof Greeted | typeof Farewell>, deps: Deps, call: MessageContext) => Promise<unknown>,
  chaos: () => Promise<Chaos> = async () => noFaults,
) {
  const queue = new RecordingQueue();
  const clock = createSteppingClock();
  const run = consume([Greeted, Farewell], wire, act).withRuntime({ createDeps: () => ({}), queue, clock, chaos });
  return {
    queue,
    clock,
    receive: async (...Records: ReturnType<typeof sqsRecord>[]) =>
      (await run({ Records }, 'greeter', 10_000)).batchItemFailures.map(({ itemIdentifier }) => itemIdentifier),
  };
}
const failing = (which: string, error: () => unknown) => async (event: { data: { name: string } }) => {
  if (event.data.name === which) throw error();
};
const boom = () => new Error('boom');

describe('a message that succeeds', () => {
  test('is acknowledged, and nothing else is done with it', async () => {
    const seen: string[] = [];
    const { queue, receive } = running(async (event) => seen.push(event.id));
    expect(await receive(sqsRecord('a', greeted('alice')), sqsRecord('b', greeted('bob')))).toEqual([]);
    expect(seen.sort()).toEqual(['Greeted:alice', 'Greeted:bob']);
    expect(queue).toMatchObject({ requeued: [], deadLettered: [], visibilityChanges: [] });
  });

  test('is handed over as its schema says, told apart by its type', async () => {
    const types: string[] = [];
    const { receive } = running(async (event) => types.push(event.type));
    const farewell = Farewell.make(
      { name: 'bob' },
      { time: '2026-01-01T00:00:00Z', correlation_id: 'c', causation_id: 'c' },
    );
    await receive(sqsRecord('a', farewell), sqsRecord('b', greeted('alice')));
    expect(types.sort()).toEqual(['Farewell', 'Greeted']);
  });

  test('was done before: that is a quiet success', async () => {
    const { queue, receive } = running(failing('alice', () => new AlreadyDone({ pk: 'P', sk: 'S' })));
    expect(await receive(sqsRecord('a', greeted('alice'), 5))).toEqual([]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('gives its receipt: what was received, by whom, when and how often', async () => {
    const receipts: unknown[] = [];
    const messages: string[] = [];
    const { receive, clock } = running(async (event, _, call) => {
      clock.pass(250);
      receipts.push(call.createReceipt(event));
      messages.push(call.messageIdOf(event));
    });
    await receive(sqsRecord('a', { ...greeted('alice'), published_at: '2026-01-01T11:59:59Z' }, 3));
    await receive(sqsRecord('b', greeted('bob')));
    expect(messages).toEqual(['a', 'b']);
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

  test('may take half of the function’s time for contention', async () => {
    let deadlineMs = 0;
    const { receive } = running(async (_event, _, call) => {
      deadlineMs = call.deadlineMs;
    });
    await receive(sqsRecord('a', greeted('alice')));
    expect(deadlineMs).toBe(noon + 5000);
  });
});

describe('a message that fails', () => {
  test('comes again after 1, 2, 4 and 8 seconds, by how often it was received', async () => {
    expect(MAX_RECEIVES).toBe(5);
    const { queue, receive } = running(failing('bad', boom));
    for (const receives of [1, 2, 3, 4]) expect(await receive(sqsRecord('m', greeted('bad'), receives))).toEqual(['m']);
    expect(queue.visibilityChanges.flat().map(({ seconds }) => seconds)).toEqual([1, 2, 4, 8]);
    expect([1, 2, 3, 4].map(backoffSeconds)).toEqual([1, 2, 4, 8]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('for the fifth time is buried with its reason, its times and its count, and acknowledged', async () => {
    const { queue, receive, clock } = running(failing('bad', boom));
    clock.pass(15_000);
    const body = greeted('bad');
    expect(await receive(sqsRecord('m', body, 5))).toEqual([]);
    expect(queue.deadLettered).toEqual([
      {
        body: JSON.stringify(body),
        epitaph: {
          reason: 'Error: boom',
          first_received_at: new Date(noon + 1000).toISOString(),
          last_received_at: new Date(noon + 15_000).toISOString(),
          receive_count: 5,
        },
      },
    ]);
    expect(queue.visibilityChanges).toEqual([]);
  });

  test('beyond the fifth time is buried too', async () => {
    const { queue, receive } = running(failing('bad', boom));
    expect(await receive(sqsRecord('m', greeted('bad'), 17))).toEqual([]);
    expect(queue.deadLettered[0]?.epitaph.receive_count).toBe(17);
  });

  test('does no harm to its neighbours, whose delays are set in one call after the batch is done', async () => {
    const seen: string[] = [];
    const { queue, receive } = running(async (event) => {
      if (event.data.name.startsWith('bad')) throw boom();
      seen.push(event.data.name);
    });
    const names = ['good1', 'bad1', 'good2', 'bad2', 'good3'];
    expect(await receive(...names.map((name, at) => sqsRecord(name, greeted(name), at + 1)))).toEqual(['bad1', 'bad2']);
    expect(seen).toEqual(['good1', 'good2', 'good3']);
    expect(queue.visibilityChanges).toEqual([
      [
        { id: 'bad1', handle: 'handle-bad1', seconds: 2 },
        { id: 'bad2', handle: 'handle-bad2', seconds: 8 },
      ],
    ]);
  });

  test('stays where burying fails, and comes again', async () => {
    const { queue, receive } = running(failing('bad', boom));
    queue.fails = { bury: true };
    expect(await receive(sqsRecord('good', greeted('good')), sqsRecord('bad', greeted('bad'), 5))).toEqual(['bad']);
  });

  test('stays where its delay cannot be set, which fails nothing else', async () => {
    const { queue, receive } = running(failing('bad', boom));
    queue.fails = { delay: true };
    expect(await receive(sqsRecord('good', greeted('good')), sqsRecord('bad', greeted('bad')))).toEqual(['bad']);
  });

  test('says what failed even where what was thrown is no error', async () => {
    const { queue, receive } = running(failing('bad', () => 'just a word'));
    await receive(sqsRecord('m', greeted('bad'), 5));
    expect(queue.deadLettered[0]?.epitaph.reason).toBe('just a word');
  });
});

describe('a message that can never succeed is buried at once, and its neighbours go on', () => {
  const right = greeted('alice');
  const { type: _, ...typeless } = right;
  const cases: [string, unknown, string][] = [
    ['is not JSON', '{"half":', 'Poison: not JSON'],
    ['is empty', '', 'Poison: not JSON'],
    ['is JSON, but no object', 'null', 'Poison: not our envelope'],
    ['is a list', '[]', 'Poison: not our envelope'],
    ['is the event without its envelope', { name: 'alice', times: 1 }, 'Poison: not our envelope: id'],
    ['has an envelope without a type', typeless, 'Poison: not our envelope: type'],
    ['has a time that is none', { ...right, time: 'yesterday' }, 'Poison: not our envelope: time'],
    ['is an event for another queue', { ...right, type: 'Shouted' }, 'Poison: Shouted is not for this queue'],
    ['is named like a part of every object', { ...right, type: 'constructor' }, 'is not for this queue'],
    ['is of a version that is unknown', { ...right, version: 2 }, 'Poison: Greeted version 2 is unknown here'],
    ['breaks its schema', { ...right, data: { name: 'alice' } }, 'Poison: Greeted breaks its schema: times'],
    ['has no data', { ...right, data: undefined }, 'Poison: '],
  ];

  test.each(cases)('where it %s', async (_, body, reason) => {
    const seen: string[] = [];
    const { queue, receive } = running(async (event) => seen.push(event.id));
    expect(
      await receive(sqsRecord('before', greeted('x')), sqsRecord('bad', body), sqsRecord('after', greeted('y'))),
    ).toEqual([]);
    expect(seen).toEqual(['Greeted:x', 'Greeted:y']);
    expect(queue.deadLettered).toHaveLength(1);
    expect(queue.deadLettered[0]?.body).toBe(typeof body === 'string' ? body : JSON.stringify(body));
    expect(queue.deadLettered[0]?.epitaph).toMatchObject({ reason: expect.stringContaining(reason), receive_count: 1 });
    expect(queue.visibilityChanges).toEqual([]);
  });

  test('but not while two versions of its event stand side by side: each is read by its own schema', async () => {
    const Once = defineEvent('greetings', 'Shouted', 1, z.object({ name: z.string() }), ({ name }) => name);
    const Louder = defineEvent('greetings', 'Shouted', 2, z.object({ names: z.array(z.string()) }), String);
    const seen: unknown[] = [];
    const queue = new RecordingQueue();
    const act = async ({ data }: { data: unknown }) => seen.push(data);
    const runtime = { createDeps: () => ({}), queue, clock: createSteppingClock(), chaos: async () => noFaults };
    const cause = { time: new Date(noon).toISOString(), correlation_id: 'thread', causation_id: 'cause' };
    const Records = [Once.make({ name: 'a' }, cause), Louder.make({ names: ['b'] }, cause)].map((event, at) =>
      sqsRecord(`m${at}`, event),
    );
    await consume([Once, Louder], wire, act).withRuntime(runtime)({ Records }, 'greeter', 10_000);
    expect(seen).toEqual([{ name: 'a' }, { names: ['b'] }]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('with every fault of its data named', async () => {
    const { queue, receive } = running(async () => undefined);
    await receive(sqsRecord('m', { ...right, data: { name: '', times: 1.5 } }));
    expect(queue.deadLettered[0]?.epitaph.reason).toMatch(/name: .*times: /);
  });

  test.each([
    ['the domain refuses it', new Rejected('no', 'the domain says no')],
    ['the domain calls it poison', new PoisonMessage('hopeless')],
  ])('where %s', async (_, error) => {
    const { queue, receive } = running(failing('bad', () => error));
    expect(await receive(sqsRecord('m', greeted('bad')))).toEqual([]);
    expect(queue.deadLettered[0]?.epitaph.reason).toContain(error.message);
  });
});

test('those of a batch that die are buried side by side, so that the next batch waits for one burial only', async () => {
  const { queue, receive } = running(async () => undefined);
  const begun: string[] = [];
  const all = Promise.withResolvers<void>();
  queue.deadLetter = async (body) => {
    if (begun.push(body) === 3) all.resolve();
    await all.promise;
  };
  expect(await receive(sqsRecord('a', 'no'), sqsRecord('b', 'not'), sqsRecord('c', 'nothing'))).toEqual([]);
  expect(begun).toEqual(['no', 'not', 'nothing']);
});

describe('a message that meets contention', () => {
  test('is put back as a fresh one, and never buried, however often that happens', async () => {
    const { queue, receive } = running(failing('busy', () => new Busy('contended')));
    const body = greeted('busy');
    expect(await receive(sqsRecord('m', body, 5))).toEqual([]);
    expect(queue.requeued).toEqual([JSON.stringify(body)]);
    expect(queue.deadLettered).toEqual([]);
  });

  test('comes back within seconds at first, and the older it is the later, with jitter', () => {
    const bounds = (ageMs: number) => [0, 0.5, 0.999].map((random) => requeueDelaySeconds(ageMs, random));
    expect(bounds(0)).toEqual([1, 2, 3]);
    expect(bounds(12_000)).toEqual([1, 2, 3]);
    expect(bounds(60_000)).toEqual([8, 12, 15]);
    expect(bounds(3_600_000)).toEqual([60, 90, 120]);
  });

  test('says for how long it has been under way, since its queue forgets that', async () => {
    const added = vi.fn();
    const told = vi.spyOn(metrics, 'singleMetric').mockReturnValue({ addDimension: added, addMetric: added } as never);
    const { receive, clock } = running(failing('busy', () => new Busy('contended')));
    clock.pass(400_000);
    await receive(sqsRecord('m', greeted('busy'), 1));
    told.mockRestore();
    expect(added.mock.calls).toEqual([
      ['consumer', 'greeter'],
      ['RequeuedMessageAge', 'Seconds', 400],
    ]);
  });

  test('stays where it cannot be put back', async () => {
    const { queue, receive } = running(failing('busy', () => new Busy('contended')));
    queue.fails = { putBack: true };
    expect(await receive(sqsRecord('m', greeted('busy'), 5))).toEqual(['m']);
    expect(queue.deadLettered).toEqual([]);
  });
});

describe('messages of one kind, one of which is decided already', () => {
  test('are each taken by themselves then: a decision says nothing of its neighbours', async () => {
    const taken: string[][] = [];
    const act = async (events: readonly { data: { name: string } }[]) => {
      const names = events.map(({ data }) => data.name);
      if (names.includes('old')) throw new AlreadyDone({ pk: 'P', sk: 'S' });
      taken.push(names);
    };
    const queue = new RecordingQueue();
    const run = consumeGroups([Greeted], wire, () => 'all', act).withRuntime({
      createDeps: () => ({}),
      queue,
      clock: createSteppingClock(),
      chaos: async () => noFaults,
    });
    const Records = ['new', 'old', 'newer'].map((name) => sqsRecord(name, greeted(name)));
    expect(await run({ Records }, 'greeter', 10_000)).toEqual({ batchItemFailures: [] });
    expect(taken).toEqual([['new'], ['newer']]);
  });
});

describe('messages of one kind', () => {
  const grouped = (act: (names: string[]) => Promise<unknown>) => {
    const queue = new RecordingQueue();
    const run = consumeGroups(
      [Greeted],
      wire,
      (event) => String(event.data.times),
      async (events) => act(events.map(({ data }) => data.name)),
    ).withRuntime({ createDeps: () => ({}), queue, clock: createSteppingClock(), chaos: async () => noFaults });
    return { queue, run };
  };
  const records = [
    sqsRecord('a1', greeted('a1', { times: 1 })),
    sqsRecord('b1', greeted('b1', { times: 2 })),
    sqsRecord('a2', greeted('a2', { times: 1 }), 2),
    sqsRecord('bad', 'poison'),
    sqsRecord('b2', greeted('b2', { times: 2 }), 5),
  ];

  test('are handed over together, in their order', async () => {
    const groups: string[][] = [];
    const { run, queue } = grouped(async (names) => groups.push(names));
    await run({ Records: records }, 'greeter', 1000);
    expect(groups).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
  });

  test('that fail together are taken one by one, so that what is wrong with one harms no other', async () => {
    const groups: string[][] = [];
    const { run, queue } = grouped(async (names) => {
      if (names.includes('b1')) throw boom();
      groups.push(names);
    });
    const { batchItemFailures } = await run({ Records: records }, 'greeter', 1000);
    expect(groups).toEqual([['a1', 'a2'], ['b2']]);
    expect(batchItemFailures).toEqual([{ itemIdentifier: 'b1' }]);
    expect(queue.visibilityChanges.flat()).toEqual([{ id: 'b1', handle: 'handle-b1', seconds: 1 }]);
    expect(queue.deadLettered.map(({ body }) => body)).toEqual(['poison']);
  });

  test('that meet contention are put back together: one by one they would only meet more of it', async () => {
    let tries = 0;
    const { run, queue } = grouped(async () => {
      tries += 1;
      throw new Busy('contended');
    });
    await run({ Records: records }, 'greeter', 1000);
    expect(tries).toBe(2);
    expect(queue.requeued).toHaveLength(4);
  });

  test('of which one came too early wait each for its own time', async () => {
    const { run, queue } = grouped(async (names) => {
      if (names.includes('a1')) throw new PrerequisiteMissing('not heard of yet');
    });
    const late = { ...greeted('a1', { times: 1 }), published_at: new Date(noon - 16 * 60_000).toISOString() };
    const Records = [
      sqsRecord('late', late, 5),
      sqsRecord('young', greeted('a1', { times: 1 })),
      sqsRecord('a2', greeted('a2')),
    ];
    expect(await run({ Records }, 'greeter', 1000)).toEqual({ batchItemFailures: [] });
    expect(queue.deadLettered.map(({ body }) => body)).toEqual([JSON.stringify(late)]);
    expect(queue.requeued).toEqual([JSON.stringify(greeted('a1', { times: 1 }))]);
  });
});

describe('faults made on purpose', () => {
  test.each([
    ['before', { consumer_crash_before: 1 }, 0],
    ['after', { consumer_crash_after: 1 }, 1],
  ] as const)('crash the step %s it is done', async (when, faults, times) => {
    let acted = 0;
    const { receive, queue } = running(async () => {
      acted += 1;
    }, withChaosRates(faults));
    expect(await receive(sqsRecord('m', greeted('alice')))).toEqual(['m']);
    expect(acted).toBe(times);
    await receive(sqsRecord('m', greeted('alice'), 5));
    expect(queue.deadLettered[0]?.epitaph.reason).toContain(`crashed ${when}`);
  });

  test('hand a message over twice, or late', async () => {
    let acted = 0;
    const { receive, clock } = running(
      async () => {
        acted += 1;
      },
      withChaosRates({ duplicate: 1, latency_ms: 700 }),
    );
    expect(await receive(sqsRecord('m', greeted('alice')))).toEqual([]);
    expect(acted).toBe(2);
    expect(clock.waits).toEqual([700]);
  });
});
