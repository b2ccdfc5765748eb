import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import type { BucketComparison } from '../../lambdas/balances/sync.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { balancesByUser, ledgerTotals, summaryTotals } from '../support/read-model.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

async function account(world: Simulation, user_id: string, amount: number): Promise<void> {
  expect((await world.runUntilDone(world.request('POST /payments/accounts', { body: { user_id } }))).status).toBe(201);
  if (amount > 0) await deposit(world, user_id, amount);
}

async function deposit(world: Simulation, user_id: string, amount: number): Promise<void> {
  const reply = world.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await world.runUntilDone(reply)).status).toBe(200);
}

async function order(world: Simulation, user_id: string, amount: number): Promise<string> {
  const reply = await world.request('POST /orders', { body: { user_id, amount } });
  expect(reply.status).toBe(201);
  return String(reply.body['id']);
}

const pass = (world: Simulation, ms: number) => world.runUntilDone(world.clock.sleep(ms));
const look = (world: Simulation, door: string, path?: Record<string, string>) =>
  world.runUntilDone(world.request(`GET /balances/${door}`, path ? { path } : {}));
const shown = async (world: Simulation, user_id: string) => (await look(world, '{user_id}', { user_id })).body;

/** The read model is the ledger, account by account and counted together. */
function expectTheLedger(world: Simulation): void {
  expect(balancesByUser(world.balances.all(), 'USER')).toEqual(balancesByUser(world.payments.all(), 'ACCOUNT'));
  expect(summaryTotals(world.balances.all())).toEqual(ledgerTotals(world.payments.all()));
}

describe('the balances on a quiet day', () => {
  test('follow deposits, orders and refunds; the latest changes are on top, and the stats are the ledger’s', async () => {
    const world = new Simulation();
    for (const user of ['alice', 'bob', 'carol']) await account(world, user, user === 'carol' ? 0 : 100);
    await world.settle();
    expect(await shown(world, 'alice')).toMatchObject({ user_id: 'alice', balance: 100, version: 1 });
    expect(await shown(world, 'carol')).toMatchObject({ balance: 0, version: 0 });
    const latest = async () => (await look(world, 'latest')).body as unknown as { user_id: string; balance: number }[];
    expect((await latest()).map(({ user_id }) => user_id)).toEqual(['bob', 'alice']);

    const id = await world.runUntilDone(order(world, 'alice', 30));
    await world.settle();
    await pass(world, 1000);
    expect(await shown(world, 'alice')).toMatchObject({ balance: 70, version: 2 });
    expect((await latest()).map(({ user_id, balance }) => [user_id, balance])).toEqual([
      ['alice', 70],
      ['bob', 100],
    ]);

    await world.runUntilDone(world.request('POST /orders/{id}/refund', { path: { id }, body: {} }));
    await world.settle();
    await pass(world, 1000);
    expect(await shown(world, 'alice')).toMatchObject({ balance: 100, version: 3 });
    const { body } = await look(world, 'stats');
    expect(body).toEqual({ users: 3, balances: 2, total: 200, last_tick_at: null });
    expectTheLedger(world);
  });

  test('are remembered for a second by whoever has shown them', async () => {
    const world = new Simulation();
    await account(world, 'alice', 100);
    await world.settle();
    const cache = async (door: string, path?: Record<string, string>) =>
      (await look(world, door, path)).headers['X-Cache'];
    for (const [door, path] of [['stats'], ['{user_id}', { user_id: 'alice' }]] as const) {
      expect(await cache(door, path)).toBe('miss');
      expect(await cache(door, path)).toBe('hit');
    }
    // both are made of the same summaries
    expect(await cache('latest')).toBe('hit');
    await pass(world, 1000);
    expect(await cache('latest')).toBe('miss');
  });

  test('of somebody unknown are not found, and a limit beyond what is kept is refused', async () => {
    const world = new Simulation();
    expect(await look(world, '{user_id}', { user_id: 'nobody' })).toMatchObject({
      status: 404,
      body: { code: 'balance_not_found' },
    });
    for (const limit of ['11', '0', 'x']) {
      const reply = await world.runUntilDone(world.request('GET /balances/latest', { query: { limit } }));
      expect(reply).toMatchObject({ status: 400, body: { errors: [{ path: 'limit' }] } });
    }
  });

  test('beyond 2^53 are right to the last digit', async () => {
    const world = new Simulation();
    const users = Array.from({ length: 12 }, (_, at) => `rich-${at}`);
    const rich = { balance: 999_999_999_999_999, version: 1 };
    for (const user_id of users) world.deliver(updated(`order:${user_id}`, 0, { balances: [{ user_id, ...rich }] }));
    await world.settle();
    expect((await world.runUntilDone(world.request('GET /balances/stats'))).text).toContain(
      '"total":11999999999999988,',
    );
  });
});

const time = (world: Simulation) => new Date(world.clock.now()).toISOString();
const start = Date.parse('2026-01-01T00:00:00Z');
const cause = (second: number) => ({
  time: new Date(start + second * 1000).toISOString(),
  correlation_id: 'thread',
  causation_id: 'cause',
});
const updated = (entry_id: string, second: number, data: Omit<BalancesUpdated, 'entry_id'>): Envelope =>
  BalancesUpdated.make({ entry_id, ...data }, cause(second));

/** A chunk of the ledger as the update programme would have made it, every account at the same version. */
async function chunkOf(
  world: Simulation,
  chunk: number,
  size: number,
  balance: number,
  version: number,
): Promise<string[]> {
  const users = Array.from({ length: size }, (_, at) => `member-${chunk}-${at}`);
  const rows = users.map(
    (user_id): Row => ({
      ...{ pk: `ACCOUNT#${user_id}`, sk: 'STATE', user_id, balance, version, chunk },
      ...{ updated_at: time(world), bucket: bucketOf(user_id, chunk) },
    }),
  );
  const programme: Row = { pk: 'PROGRAMME', sk: 'STATE', chunks: chunk + 1 };
  await world.payments.write(
    [...rows, programme].map((row) => ({ op: 'put', row })),
    `chunk-${chunk}`,
  );
  return users;
}

describe('a tick of a whole chunk', () => {
  test('is one change of its rows and its summary, and says when the clock last moved', async () => {
    const world = new Simulation();
    const users = await chunkOf(world, 0, 97, 10, 2);
    for (const user_id of users) world.deliver(AccountOpened.make({ user_id, chunk: 0 }, cause(0)));
    const balances = users.map((user_id) => ({ user_id, balance: 10, version: 2 }));
    world.deliver(updated('tick:20260101T0000-1:0', 10, { chunk: 0, balances }));
    world.deliver(
      updated('seed:0', 1, { chunk: 0, balances: balances.map((one) => ({ ...one, balance: 7, version: 1 })) }),
    );
    await world.settle();
    expectTheLedger(world);
    expect((await look(world, 'stats')).body).toEqual({
      ...{ users: 97, balances: 97, total: 970, last_tick_at: '2026-01-01T00:00:10.000Z' },
    });
    const latest = (await look(world, 'latest')).body as unknown as Row[];
    expect(latest).toHaveLength(10);
  });
});

const troubles: [string, Faults][] = [
  ['messages come twice and acknowledgements get lost', { lostAcks: 0.1, chaos: { duplicate: 0.3 } }],
  [
    'everything goes wrong at once',
    {
      lostAcks: 0.1,
      indexLagMs: 500,
      chaos: {
        transaction_conflict: 0.3,
        publish_failure: 0.2,
        consumer_crash_before: 0.05,
        consumer_crash_after: 0.05,
        duplicate: 0.1,
      },
    },
  ],
];

describe.each(troubles)('when %s', (_, faults) => {
  test.each([1, 2])(
    'the read model ends as the ledger is, also after all of it again and backwards (seed %i)',
    async (seed) => {
      const world = new Simulation(seed, faults);
      const users = Array.from({ length: 20 }, (_, at) => `c${at}`);
      await Promise.all(users.map((user) => account(world, user, 100)));
      const ids = await world.runUntilDone(
        Promise.all(Array.from({ length: 200 }, (_, at) => order(world, users[at % 20] ?? '', 1 + (at % 15)))),
      );
      await world.settle();
      await world.runUntilDone(
        Promise.all(
          ids.slice(0, 60).map((id) => world.request('POST /orders/{id}/refund', { path: { id }, body: {} })),
        ),
      );
      await world.settle();
      expectTheLedger(world);

      const before = world.balances.all();
      const told = world.published.filter(({ type }) => type === 'AccountOpened' || type === 'BalancesUpdated');
      expect(told.length).toBeGreaterThan(100);
      for (const event of [...told, ...told].toReversed()) world.deliver(event);
      await world.settle();
      expectTheLedger(world);
      expect(world.balances.all()).toEqual(before);
      expect(
        Object.values(world.queues)
          .flatMap(({ dlq }) => dlq)
          .filter(({ details }) => details),
      ).toEqual([]);
    },
  );

  test('a history that comes backwards only leaves the rows that it leaves forwards', async () => {
    const [forwards, backwards] = [new Simulation(1, faults), new Simulation(2, faults)];
    const told = ['a', 'b', 'c'].flatMap((user_id, at) => [
      AccountOpened.make({ user_id }, cause(at)),
      ...Array.from({ length: 20 }, (_, place) => {
        const balances = [{ user_id, balance: place * 10 + at, version: place + 1 }];
        return updated(`order:${user_id}${place}`, 10 * (place + 1) + at, { balances });
      }),
    ]);
    for (const event of told) forwards.deliver(event);
    for (const event of told.toReversed()) backwards.deliver(event);
    for (const world of [forwards, backwards]) await world.settle();
    const rows = (world: Simulation) =>
      world.balances
        .all()
        // how often a summary was written is no matter of what it says
        .map((row) => (row.pk.startsWith('SUMMARY#') ? { ...row, version: 0 } : row))
        .sort((one, other) => (one.pk + one.sk < other.pk + other.sk ? -1 : 1));
    expect(rows(backwards)).toEqual(rows(forwards));
  });
});

test('a message that is none of ours is dead at once, and the next one is taken in', async () => {
  const world = new Simulation();
  world.queues.balance_updates.send('{"not":"ours"}');
  world.deliver({ ...updated('order:x', 0, { balances: [{ user_id: 'alice', balance: 1, version: 1 }] }), version: 9 });
  world.deliver(updated('order:y', 0, { balances: [{ user_id: 'alice', balance: 5, version: 1 }] }));
  await world.settle();
  expect(world.queues.balance_updates.dlq.map(({ details }) => details?.reason)).toEqual([
    expect.stringMatching(/^Poison: not our envelope/),
    'Poison: BalancesUpdated version 9 is unknown here',
  ]);
  expect(await shown(world, 'alice')).toMatchObject({ balance: 5 });
});

const driftsIn = (compared: readonly BucketComparison[]) => compared.flatMap(({ drifts }) => drifts);

/** Changes a row behind everybody's back. */
async function falsify(world: Simulation, pk: string, sk: string, fields: Record<string, unknown>): Promise<void> {
  const row = await world.balances.get({ pk, sk });
  if (!row) throw new Error(`there is no row ${pk}`);
  await world.balances.write([{ op: 'put', row: { ...row, ...fields } }], 'falsified');
}

async function shop(faults: Faults = {}): Promise<Simulation> {
  const world = new Simulation(1, faults);
  for (let at = 0; at < 8; at++) await account(world, `c${at}`, 100 + at);
  await world.settle();
  return world;
}

describe('the sync', () => {
  test('finds nothing where nothing is wrong, however often it looks', async () => {
    const world = await shop({ indexLagMs: 500 });
    expect(driftsIn(await world.sync())).toEqual([]);
    await pass(world, 120_000);
    const compared = await world.sync();
    expect(driftsIn(compared)).toEqual([]);
    expect(compared.reduce((sum, { accounts }) => sum + accounts, 0)).toBe(8);
    expect(compared.filter(({ failed, isUncounted }) => failed || isUncounted)).toEqual([]);
  });

  test('puts a falsified balance right, says so once, and finds nothing the second time', async () => {
    const world = await shop();
    await falsify(world, 'USER#c3', 'STATE', { balance: 1_000_000 });
    expect(driftsIn(await world.sync())).toEqual([
      {
        ...{ bucket: bucketOf('c3'), user_id: 'c3', kind: 'wrong', repaired: true },
        ...{ ledger: { balance: 103, version: 1 }, read_model: { balance: 1_000_000, version: 1 } },
      },
    ]);
    expectTheLedger(world);
    expect(driftsIn(await world.sync())).toEqual([]);
  });

  test.each([
    ['an update', 'BalancesUpdated:deposit', 'behind', 1],
    ['the opening of an account', 'AccountOpened:poor', 'missing', 0],
  ])('puts %s right that was lost, and reports none that is on its way', async (_, lost, kind, version) => {
    const world = new Simulation(1, {
      loses: ({ id, data }) => id.startsWith(lost) && JSON.stringify(data).includes('poor'),
    });
    await account(world, 'poor', version === 0 ? 0 : 10);
    await account(world, 'rich', 1000);
    await world.settle();
    expect(driftsIn(await world.sync())).toEqual([]);
    await pass(world, 61_000);
    expect(driftsIn(await world.sync())).toMatchObject([
      { user_id: 'poor', kind, repaired: true, ledger: { version } },
    ]);
    expectTheLedger(world);
    expect(driftsIn(await world.sync())).toEqual([]);
  });

  test.each([{ sum: '1' }, { users: 99 }, { balances: 0 }, { newest: [] }])(
    'counts a bucket anew whose summary has %o',
    async (off) => {
      const world = await shop();
      const bucket = bucketOf('c5');
      await falsify(world, `SUMMARY#${bucket.split(':')[1]}`, bucket, off);
      expect(driftsIn(await world.sync())).toEqual([{ bucket, kind: 'summary', repaired: true }]);
      expectTheLedger(world);
      expect(driftsIn(await world.sync())).toEqual([]);
    },
  );

  test('fills an empty read model from the ledger, chunks and all', async () => {
    const world = await shop({ loses: ({ type }) => type === 'BalancesUpdated' || type === 'AccountOpened' });
    for (const chunk of [0, 1, 2]) await chunkOf(world, chunk, chunk === 2 ? 40 : 97, 10 * chunk, 1);
    await pass(world, 61_000);
    expect(driftsIn(await world.sync())).toHaveLength(8 + 97 + 97 + 40);
    expectTheLedger(world);
    expect(driftsIn(await world.sync())).toEqual([]);
  });

  test('reports what is ahead of the ledger each time, and lowers no version', async () => {
    const world = await shop();
    await falsify(world, 'USER#c3', 'STATE', { version: 7 });
    for (let run = 0; run < 2; run++)
      expect(driftsIn(await world.sync())).toMatchObject([{ user_id: 'c3', kind: 'ahead', repaired: false }]);
    expect(balancesByUser(world.balances.all(), 'USER')['c3']).toEqual({ balance: 103, version: 7 });
  });

  test('beside a busy shop cries no wolf, and undoes nothing that is newer', async () => {
    const faults: Faults = {
      indexLagMs: 400,
      lostAcks: 0.05,
      chaos: { transaction_conflict: 0.1, publish_failure: 0.1 },
    };
    const world = await shop(faults);
    const busy = Promise.all(
      Array.from({ length: 150 }, async (_, at) => {
        await world.clock.sleep(at * 100);
        if (at % 10 === 0) await world.request('POST /payments/accounts', { body: { user_id: `new-${at}` } });
        else await world.request('POST /orders', { body: { user_id: `c${at % 8}`, amount: 1 } });
      }),
    );
    const runs: BucketComparison[] = [];
    for (let run = 0; run < 20; run++) runs.push(...(await world.sync()));
    await world.runUntilDone(busy);
    await world.settle();
    expect(driftsIn(runs)).toEqual([]);
    expectTheLedger(world);
    expect(driftsIn(await world.sync())).toEqual([]);
  });

  test('takes some buckets in each run, and goes on where it stopped', async () => {
    const world = await shop();
    for (const chunk of [0, 1, 2, 3]) await chunkOf(world, chunk, 5, 10, 1);
    const seen: string[] = [];
    for (let run = 0; run < 4; run++) seen.push(...(await world.sync(5)).map(({ bucket }) => bucket));
    expect(seen).toHaveLength(20);
    expect(new Set(seen).size).toBe(20);
    expect((await world.sync(1)).map(({ bucket }) => bucket)).toEqual([seen[0]]);
  });
});
