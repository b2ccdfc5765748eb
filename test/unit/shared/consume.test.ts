import { describe, expect, test, vi } from 'vitest';
import * as z from 'zod/mini';
import { defineEvent, type EventOf } from '../../../events/envelope.ts';
import type { Chaos } from '../../../lambdas/shared/chaos-setting.ts';
import { calm } from '../../../lambdas/shared/chaos-setting.ts';
import { consume, consumeGroups } from '../../../lambdas/shared/consume.ts';
import { backoffSeconds, MAX_RECEIVES, putBackSeconds } from '../../../lambdas/shared/deliver.ts';
import { AlreadyDone, Busy, NotYet, Poison, Rejected } from '../../../lambdas/shared/errors.ts';
import { metrics } from '../../../lambdas/shared/observability.ts';
import type { Call } from '../../../lambdas/shared/receipt.ts';
import { chaosOf, Greeted, greeted, message, NotedQueue, noon, steppingClock } from '../kit.ts';

const Farewell = defineEvent('greetings', 'Farewell', 2, z.object({ name: z.string() }), ({ name }) => name);
type Deps = Record<string, never>;
const wire = () => (): Deps => ({});

/** One consumer on its footing, and what became of each message. */
function running(
  act: (event: EventOf<typeof Greeted | typeof Farewell>, deps: Deps, call: Call) => Promise<unknown>,
  chaos: () => Promise<Chaos> = async () => calm,
) {
  const queue = new NotedQueue();
  const clock = steppingClock();
  const run = consume([Greeted, Farewell], wire, act).with({ deps: () => ({}), queue, clock, chaos });
  return {
    queue,
    clock,
    receive: async (...Records: ReturnType<typeof message>[]) =>
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
    expect(await receive(message('a', greeted('alice')), message('b', greeted('bob')))).toEqual([]);
    expect(seen.sort()).toEqual(['Greeted:alice', 'Greeted:bob']);
    expect(queue).toMatchObject({ putBacks: [], buried: [], delays: [] });
  });

  test('is handed over as its schema says, told apart by its type', async () => {
    const types: string[] = [];
    const { receive } = running(async (event) => types.push(event.type));
    const farewell = Farewell.make(
      { name: 'bob' },
      { time: '2026-01-01T00:00:00Z', correlation_id: 'c', causation_id: 'c' },
    );
    await receive(message('a', farewell), message('b', greeted('alice')));
    expect(types.sort()).toEqual(['Farewell', 'Greeted']);
  });

  test('was done before: that is a quiet success', async () => {
    const { queue, receive } = running(failing('alice', () => new AlreadyDone({ pk: 'P', sk: 'S' })));
    expect(await receive(message('a', greeted('alice'), 5))).toEqual([]);
    expect(queue.buried).toEqual([]);
  });

  test('gives its receipt: what was received, by whom, when and how often', async () => {
    const receipts: unknown[] = [];
    const messages: string[] = [];
    const { receive, clock } = running(async (event, _, call) => {
      clock.pass(250);
      receipts.push(call.receiptOf(event));
      messages.push(call.messageOf(event));
    });
    await receive(message('a', { ...greeted('alice'), published_at: '2026-01-01T11:59:59Z' }, 3));
    await receive(message('b', greeted('bob')));
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
    let deadline = 0;
    const { receive } = running(async (_event, _, call) => {
      deadline = call.deadline;
    });
    await receive(message('a', greeted('alice')));
    expect(deadline).toBe(noon + 5000);
  });
});

describe('a message that fails', () => {
  test('comes again after 1, 2, 4 and 8 seconds, by how often it was received', async () => {
    expect(MAX_RECEIVES).toBe(5);
    const { queue, receive } = running(failing('bad', boom));
    for (const receives of [1, 2, 3, 4]) expect(await receive(message('m', greeted('bad'), receives))).toEqual(['m']);
    expect(queue.delays.flat().map(({ seconds }) => seconds)).toEqual([1, 2, 4, 8]);
    expect([1, 2, 3, 4].map(backoffSeconds)).toEqual([1, 2, 4, 8]);
    expect(queue.buried).toEqual([]);
  });

  test('for the fifth time is buried with its reason, its times and its count, and acknowledged', async () => {
    const { queue, receive, clock } = running(failing('bad', boom));
    clock.pass(15_000);
    const body = greeted('bad');
    expect(await receive(message('m', body, 5))).toEqual([]);
    expect(queue.buried).toEqual([
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
    expect(queue.delays).toEqual([]);
  });

  test('beyond the fifth time is buried too', async () => {
    const { queue, receive } = running(failing('bad', boom));
    expect(await receive(message('m', greeted('bad'), 17))).toEqual([]);
    expect(queue.buried[0]?.epitaph.receive_count).toBe(17);
  });

  test('does no harm to its neighbours, whose delays are set in one call after the batch is done', async () => {
    const seen: string[] = [];
    const { queue, receive } = running(async (event) => {
      if (event.data.name.startsWith('bad')) throw boom();
      seen.push(event.data.name);
    });
    const names = ['good1', 'bad1', 'good2', 'bad2', 'good3'];
    expect(await receive(...names.map((name, at) => message(name, greeted(name), at + 1)))).toEqual(['bad1', 'bad2']);
    expect(seen).toEqual(['good1', 'good2', 'good3']);
    expect(queue.delays).toEqual([
      [
        { id: 'bad1', handle: 'handle-bad1', seconds: 2 },
        { id: 'bad2', handle: 'handle-bad2', seconds: 8 },
      ],
    ]);
  });

  test('stays where burying fails, and comes again', async () => {
    const { queue, receive } = running(failing('bad', boom));
    queue.fails = { bury: true };
    expect(await receive(message('good', greeted('good')), message('bad', greeted('bad'), 5))).toEqual(['bad']);
  });

  test('stays where its delay cannot be set, which fails nothing else', async () => {
    const { queue, receive } = running(failing('bad', boom));
    queue.fails = { delay: true };
    expect(await receive(message('good', greeted('good')), message('bad', greeted('bad')))).toEqual(['bad']);
  });

  test('says what failed even where what was thrown is no error', async () => {
    const { queue, receive } = running(failing('bad', () => 'just a word'));
    await receive(message('m', greeted('bad'), 5));
    expect(queue.buried[0]?.epitaph.reason).toBe('just a word');
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
      await receive(message('before', greeted('x')), message('bad', body), message('after', greeted('y'))),
    ).toEqual([]);
    expect(seen).toEqual(['Greeted:x', 'Greeted:y']);
    expect(queue.buried).toHaveLength(1);
    expect(queue.buried[0]?.body).toBe(typeof body === 'string' ? body : JSON.stringify(body));
    expect(queue.buried[0]?.epitaph).toMatchObject({ reason: expect.stringContaining(reason), receive_count: 1 });
    expect(queue.delays).toEqual([]);
  });

  test('but not while two versions of its event stand side by side: each is read by its own schema', async () => {
    const Once = defineEvent('greetings', 'Shouted', 1, z.object({ name: z.string() }), ({ name }) => name);
    const Louder = defineEvent('greetings', 'Shouted', 2, z.object({ names: z.array(z.string()) }), String);
    const seen: unknown[] = [];
    const queue = new NotedQueue();
    const act = async ({ data }: { data: unknown }) => seen.push(data);
    const runtime = { deps: () => ({}), queue, clock: steppingClock(), chaos: async () => calm };
    const cause = { time: new Date(noon).toISOString(), correlation_id: 'thread', causation_id: 'cause' };
    const Records = [Once.make({ name: 'a' }, cause), Louder.make({ names: ['b'] }, cause)].map((event, at) =>
      message(`m${at}`, event),
    );
    await consume([Once, Louder], wire, act).with(runtime)({ Records }, 'greeter', 10_000);
    expect(seen).toEqual([{ name: 'a' }, { names: ['b'] }]);
    expect(queue.buried).toEqual([]);
  });

  test('with every fault of its data named', async () => {
    const { queue, receive } = running(async () => undefined);
    await receive(message('m', { ...right, data: { name: '', times: 1.5 } }));
    expect(queue.buried[0]?.epitaph.reason).toMatch(/name: .*times: /);
  });

  test.each([
    ['the domain refuses it', new Rejected('no', 'the domain says no')],
    ['the domain calls it poison', new Poison('hopeless')],
  ])('where %s', async (_, error) => {
    const { queue, receive } = running(failing('bad', () => error));
    expect(await receive(message('m', greeted('bad')))).toEqual([]);
    expect(queue.buried[0]?.epitaph.reason).toContain(error.message);
  });
});

test('those of a batch that die are buried side by side, so that the next batch waits for one burial only', async () => {
  const { queue, receive } = running(async () => undefined);
  const begun: string[] = [];
  const all = Promise.withResolvers<void>();
  queue.bury = async (body) => {
    if (begun.push(body) === 3) all.resolve();
    await all.promise;
  };
  expect(await receive(message('a', 'no'), message('b', 'not'), message('c', 'nothing'))).toEqual([]);
  expect(begun).toEqual(['no', 'not', 'nothing']);
});

describe('a message that meets contention', () => {
  test('is put back as a fresh one, and never buried, however often that happens', async () => {
    const { queue, receive } = running(failing('busy', () => new Busy('contended')));
    const body = greeted('busy');
    expect(await receive(message('m', body, 5))).toEqual([]);
    expect(queue.putBacks).toEqual([JSON.stringify(body)]);
    expect(queue.buried).toEqual([]);
  });

  test('comes back within seconds at first, and the older it is the later, with jitter', () => {
    const bounds = (ageMs: number) => [0, 0.5, 0.999].map((random) => putBackSeconds(ageMs, random));
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
    await receive(message('m', greeted('busy'), 1));
    told.mockRestore();
    expect(added.mock.calls).toEqual([
      ['consumer', 'greeter'],
      ['PutBackAge', 'Seconds', 400],
    ]);
  });

  test('stays where it cannot be put back', async () => {
    const { queue, receive } = running(failing('busy', () => new Busy('contended')));
    queue.fails = { putBack: true };
    expect(await receive(message('m', greeted('busy'), 5))).toEqual(['m']);
    expect(queue.buried).toEqual([]);
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
    const queue = new NotedQueue();
    const run = consumeGroups([Greeted], wire, () => 'all', act).with({
      deps: () => ({}),
      queue,
      clock: steppingClock(),
      chaos: async () => calm,
    });
    const Records = ['new', 'old', 'newer'].map((name) => message(name, greeted(name)));
    expect(await run({ Records }, 'greeter', 10_000)).toEqual({ batchItemFailures: [] });
    expect(taken).toEqual([['new'], ['newer']]);
  });
});

describe('messages of one kind', () => {
  const grouped = (act: (names: string[]) => Promise<unknown>) => {
    const queue = new NotedQueue();
    const run = consumeGroups(
      [Greeted],
      wire,
      (event) => String(event.data.times),
      async (events) => act(events.map(({ data }) => data.name)),
    ).with({ deps: () => ({}), queue, clock: steppingClock(), chaos: async () => calm });
    return { queue, run };
  };
  const records = [
    message('a1', greeted('a1', { times: 1 })),
    message('b1', greeted('b1', { times: 2 })),
    message('a2', greeted('a2', { times: 1 }), 2),
    message('bad', 'poison'),
    message('b2', greeted('b2', { times: 2 }), 5),
  ];

  test('are handed over together, in their order', async () => {
    const groups: string[][] = [];
    const { run, queue } = grouped(async (names) => groups.push(names));
    await run({ Records: records }, 'greeter', 1000);
    expect(groups).toEqual([
      ['a1', 'a2'],
      ['b1', 'b2'],
    ]);
    expect(queue.buried.map(({ body }) => body)).toEqual(['poison']);
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
    expect(queue.delays.flat()).toEqual([{ id: 'b1', handle: 'handle-b1', seconds: 1 }]);
    expect(queue.buried.map(({ body }) => body)).toEqual(['poison']);
  });

  test('that meet contention are put back together: one by one they would only meet more of it', async () => {
    let tries = 0;
    const { run, queue } = grouped(async () => {
      tries += 1;
      throw new Busy('contended');
    });
    await run({ Records: records }, 'greeter', 1000);
    expect(tries).toBe(2);
    expect(queue.putBacks).toHaveLength(4);
  });

  test('of which one came too early wait each for its own time', async () => {
    const { run, queue } = grouped(async (names) => {
      if (names.includes('a1')) throw new NotYet('not heard of yet');
    });
    const late = { ...greeted('a1', { times: 1 }), published_at: new Date(noon - 16 * 60_000).toISOString() };
    const Records = [
      message('late', late, 5),
      message('young', greeted('a1', { times: 1 })),
      message('a2', greeted('a2')),
    ];
    expect(await run({ Records }, 'greeter', 1000)).toEqual({ batchItemFailures: [] });
    expect(queue.buried.map(({ body }) => body)).toEqual([JSON.stringify(late)]);
    expect(queue.putBacks).toEqual([JSON.stringify(greeted('a1', { times: 1 }))]);
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
    }, chaosOf(faults));
    expect(await receive(message('m', greeted('alice')))).toEqual(['m']);
    expect(acted).toBe(times);
    await receive(message('m', greeted('alice'), 5));
    expect(queue.buried[0]?.epitaph.reason).toContain(`crashed ${when}`);
  });

  test('hand a message over twice, or late', async () => {
    let acted = 0;
    const { receive, clock } = running(
      async () => {
        acted += 1;
      },
      chaosOf({ duplicate: 1, latency_ms: 700 }),
    );
    expect(await receive(message('m', greeted('alice')))).toEqual([]);
    expect(acted).toBe(2);
    expect(clock.waits).toEqual([700]);
  });
});
