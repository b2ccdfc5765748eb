import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { AccountOpened } from '../../events/payments/account-opened.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import type { BucketComparison } from '../../lambdas/balances/sync.ts';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { balancesByUser, ledgerTotals, summaryTotals } from '../support/read-model.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

async function openAccount(simulation: Simulation, user_id: string, amount: number): Promise<void> {
  expect(
    (await simulation.runUntilDone(simulation.request('POST /payments/accounts', { body: { user_id } }))).status,
  ).toBe(201);
  if (amount > 0) await deposit(simulation, user_id, amount);
}

async function deposit(simulation: Simulation, user_id: string, amount: number): Promise<void> {
  const response = simulation.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await simulation.runUntilDone(response)).status).toBe(200);
}

async function placeOrder(simulation: Simulation, user_id: string, amount: number): Promise<string> {
  const response = await simulation.request('POST /orders', { body: { user_id, amount } });
  expect(response.status).toBe(201);
  return String(response.body['id']);
}

const passTime = (simulation: Simulation, ms: number) => simulation.runUntilDone(simulation.clock.sleep(ms));
const get = (simulation: Simulation, route: string, path?: Record<string, string>) =>
  simulation.runUntilDone(simulation.request(`GET /balances/${route}`, path ? { path } : {}));
const getBalance = async (simulation: Simulation, user_id: string) =>
  (await get(simulation, '{user_id}', { user_id })).body;

/** Expects the read model to have the same balances as the ledger, and the same totals. */
function expectSameAsLedger(simulation: Simulation): void {
  expect(balancesByUser(simulation.balances.all(), 'USER')).toEqual(
    balancesByUser(simulation.payments.all(), 'ACCOUNT'),
  );
  expect(summaryTotals(simulation.balances.all())).toEqual(ledgerTotals(simulation.payments.all()));
}

describe('the balances', () => {
  test('follow deposits, orders and refunds, with the latest change first and the totals of the ledger', async () => {
    const simulation = new Simulation();
    for (const user of ['alice', 'bob', 'carol']) await openAccount(simulation, user, user === 'carol' ? 0 : 100);
    await simulation.settle();
    expect(await getBalance(simulation, 'alice')).toMatchObject({ user_id: 'alice', balance: 100, version: 1 });
    expect(await getBalance(simulation, 'carol')).toMatchObject({ balance: 0, version: 0 });
    const latest = async () =>
      (await get(simulation, 'latest')).body as unknown as { user_id: string; balance: number }[];
    expect((await latest()).map(({ user_id }) => user_id)).toEqual(['bob', 'alice']);

    const id = await simulation.runUntilDone(placeOrder(simulation, 'alice', 30));
    await simulation.settle();
    await passTime(simulation, 1000);
    expect(await getBalance(simulation, 'alice')).toMatchObject({ balance: 70, version: 2 });
    expect((await latest()).map(({ user_id, balance }) => [user_id, balance])).toEqual([
      ['alice', 70],
      ['bob', 100],
    ]);

    await simulation.runUntilDone(simulation.request('POST /orders/{id}/refund', { path: { id }, body: {} }));
    await simulation.settle();
    await passTime(simulation, 1000);
    expect(await getBalance(simulation, 'alice')).toMatchObject({ balance: 100, version: 3 });
    const { body } = await get(simulation, 'stats');
    expect(body).toEqual({ users: 3, balances: 2, total: 200, last_tick_at: null });
    expectSameAsLedger(simulation);
  });

  test('are served from the cache for one second', async () => {
    const simulation = new Simulation();
    await openAccount(simulation, 'alice', 100);
    await simulation.settle();
    const cacheStatus = async (route: string, path?: Record<string, string>) =>
      (await get(simulation, route, path)).headers['X-Cache'];
    for (const [route, path] of [['stats'], ['{user_id}', { user_id: 'alice' }]] as const) {
      expect(await cacheStatus(route, path)).toBe('miss');
      expect(await cacheStatus(route, path)).toBe('hit');
    }
    // The routes `stats` and `latest` share one cached summary.
    expect(await cacheStatus('latest')).toBe('hit');
    await passTime(simulation, 1000);
    expect(await cacheStatus('latest')).toBe('miss');
  });

  test('return 404 for an unknown user, and 400 for an invalid limit', async () => {
    const simulation = new Simulation();
    expect(await get(simulation, '{user_id}', { user_id: 'unknown' })).toMatchObject({
      status: 404,
      body: { code: 'balance_not_found', detail: 'There is no balance of unknown.' },
    });
    for (const limit of ['11', '0', 'x']) {
      const response = await simulation.runUntilDone(simulation.request('GET /balances/latest', { query: { limit } }));
      expect(response).toMatchObject({ status: 400, body: { errors: [{ path: 'limit' }] } });
    }
  });

  test('have an exact total above 2^53', async () => {
    const simulation = new Simulation();
    const users = Array.from({ length: 12 }, (_, index) => `rich-${index}`);
    for (const user_id of users) {
      const balances = [{ user_id, balance: 999_999_999_999_999, version: 1 }];
      simulation.deliver(balancesUpdated(`order:${user_id}`, 0, { balances }));
    }
    await simulation.settle();
    expect((await simulation.runUntilDone(simulation.request('GET /balances/stats'))).text).toContain(
      '"total":11999999999999988,',
    );
  });
});

const nowAsIso = (simulation: Simulation) => new Date(simulation.clock.now()).toISOString();
const startMs = Date.parse('2026-01-01T00:00:00Z');
const cause = (second: number) => ({
  time: new Date(startMs + second * 1000).toISOString(),
  correlation_id: 'correlation',
  causation_id: 'cause',
});
const balancesUpdated = (entry_id: string, second: number, data: Omit<BalancesUpdated, 'entry_id'>): Envelope =>
  BalancesUpdated.make({ entry_id, ...data }, cause(second));

/** Writes a chunk of accounts to the ledger, as the update programme would. Returns their users. */
async function writeChunk(
  simulation: Simulation,
  { chunk, size, balance, version }: { chunk: number; size: number; balance: number; version: number },
): Promise<string[]> {
  const users = Array.from({ length: size }, (_, index) => `member-${chunk}-${index}`);
  const rows = users.map(
    (user_id): Row => ({
      pk: `ACCOUNT#${user_id}`,
      sk: 'STATE',
      user_id,
      balance,
      version,
      chunk,
      updated_at: nowAsIso(simulation),
      bucket: bucketOf(user_id, chunk),
    }),
  );
  const programme: Row = { pk: 'PROGRAMME', sk: 'STATE', chunks: chunk + 1 };
  await simulation.payments.write(
    [...rows, programme].map((row) => ({ op: 'put', row })),
    `chunk-${chunk}`,
  );
  return users;
}

describe('a tick of a whole chunk', () => {
  test('updates its rows and its summary, with the time of the tick', async () => {
    const simulation = new Simulation();
    const users = await writeChunk(simulation, { chunk: 0, size: 97, balance: 10, version: 2 });
    for (const user_id of users) simulation.deliver(AccountOpened.make({ user_id, chunk: 0 }, cause(0)));
    const balances = users.map((user_id) => ({ user_id, balance: 10, version: 2 }));
    simulation.deliver(balancesUpdated('tick:20260101T0000-1:0', 10, { chunk: 0, balances }));
    const olderBalances = users.map((user_id) => ({ user_id, balance: 7, version: 1 }));
    simulation.deliver(balancesUpdated('seed:0', 1, { chunk: 0, balances: olderBalances }));
    await simulation.settle();
    expectSameAsLedger(simulation);
    expect((await get(simulation, 'stats')).body).toEqual({
      users: 97,
      balances: 97,
      total: 970,
      last_tick_at: '2026-01-01T00:00:10.000Z',
    });
    const latest = (await get(simulation, 'latest')).body as unknown as Row[];
    expect(latest).toHaveLength(10);
  });
});

const faultScenarios: [string, Faults][] = [
  ['duplicate messages and lost acknowledgements', { lostAckRate: 0.1, chaos: { duplicate: 0.3 } }],
  [
    'all faults at once',
    {
      lostAckRate: 0.1,
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

describe.each(faultScenarios)('with %s', (_, faults) => {
  test.each([1, 2])(
    'the read model equals the ledger, also after a second delivery of all events in reverse (seed %i)',
    async (seed) => {
      const simulation = new Simulation(seed, faults);
      const users = Array.from({ length: 20 }, (_, index) => `c${index}`);
      await Promise.all(users.map((user) => openAccount(simulation, user, 100)));
      const ids = await simulation.runUntilDone(
        Promise.all(
          Array.from({ length: 200 }, (_, index) => placeOrder(simulation, users[index % 20] ?? '', 1 + (index % 15))),
        ),
      );
      await simulation.settle();
      await simulation.runUntilDone(
        Promise.all(
          ids.slice(0, 60).map((id) => simulation.request('POST /orders/{id}/refund', { path: { id }, body: {} })),
        ),
      );
      await simulation.settle();
      expectSameAsLedger(simulation);

      const rowsBefore = simulation.balances.all();
      const events = simulation.published.filter(({ type }) => type === 'AccountOpened' || type === 'BalancesUpdated');
      expect(events.length).toBeGreaterThan(100);
      for (const event of [...events, ...events].toReversed()) simulation.deliver(event);
      await simulation.settle();
      expectSameAsLedger(simulation);
      expect(simulation.balances.all()).toEqual(rowsBefore);
      expect(
        Object.values(simulation.queues)
          .flatMap(({ dlq }) => dlq)
          .filter(({ details }) => details),
      ).toEqual([]);
    },
  );

  test('events in reverse order leave the same rows as in order', async () => {
    const [inOrder, reversed] = [new Simulation(1, faults), new Simulation(2, faults)];
    const events = ['a', 'b', 'c'].flatMap((user_id, user) => [
      AccountOpened.make({ user_id }, cause(user)),
      ...Array.from({ length: 20 }, (_, change) => {
        const balances = [{ user_id, balance: change * 10 + user, version: change + 1 }];
        return balancesUpdated(`order:${user_id}${change}`, 10 * (change + 1) + user, { balances });
      }),
    ]);
    for (const event of events) inOrder.deliver(event);
    for (const event of events.toReversed()) reversed.deliver(event);
    for (const simulation of [inOrder, reversed]) await simulation.settle();
    const rows = (simulation: Simulation) =>
      simulation.balances
        .all()
        // The version of a summary depends on the number of its writes, which may differ.
        .map((row) => (row.pk.startsWith('SUMMARY#') ? { ...row, version: 0 } : row))
        .sort((a, b) => (a.pk + a.sk < b.pk + b.sk ? -1 : 1));
    expect(rows(reversed)).toEqual(rows(inOrder));
  });
});

test('invalid messages are dead-lettered, and the next message is processed', async () => {
  const simulation = new Simulation();
  simulation.queues.balance_updates.send('{"not":"ours"}');
  simulation.deliver({
    ...balancesUpdated('order:x', 0, { balances: [{ user_id: 'alice', balance: 1, version: 1 }] }),
    version: 9,
  });
  simulation.deliver(balancesUpdated('order:y', 0, { balances: [{ user_id: 'alice', balance: 5, version: 1 }] }));
  await simulation.settle();
  expect(simulation.queues.balance_updates.dlq.map(({ details }) => details?.reason)).toEqual([
    expect.stringMatching(/^PoisonMessage: not an event envelope/),
    'PoisonMessage: version 9 of BalancesUpdated is unknown',
  ]);
  expect(await getBalance(simulation, 'alice')).toMatchObject({ balance: 5 });
});

const driftsIn = (comparisons: readonly BucketComparison[]) => comparisons.flatMap(({ drifts }) => drifts);

/** Overwrites attributes of a row, without an event. */
async function falsify(simulation: Simulation, pk: string, sk: string, fields: Record<string, unknown>): Promise<void> {
  const row = await simulation.balances.get({ pk, sk });
  if (!row) throw new Error(`no row ${pk}`);
  await simulation.balances.write([{ op: 'put', row: { ...row, ...fields } }], 'falsified');
}

/** Creates a simulation with the accounts c0 to c7, which have balances from 100 to 107. */
async function simulateShop(faults: Faults = {}): Promise<Simulation> {
  const simulation = new Simulation(1, faults);
  for (let index = 0; index < 8; index++) await openAccount(simulation, `c${index}`, 100 + index);
  await simulation.settle();
  return simulation;
}

describe('the sync', () => {
  test('finds no drift in a correct read model, also in a second run', async () => {
    const simulation = await simulateShop({ indexLagMs: 500 });
    expect(driftsIn(await simulation.sync())).toEqual([]);
    await passTime(simulation, 120_000);
    const comparisons = await simulation.sync();
    expect(driftsIn(comparisons)).toEqual([]);
    expect(comparisons.reduce((sum, { accounts }) => sum + accounts, 0)).toBe(8);
    expect(comparisons.filter(({ failed, isUncounted }) => failed || isUncounted)).toEqual([]);
  });

  test('repairs a falsified balance and reports it once', async () => {
    const simulation = await simulateShop();
    await falsify(simulation, 'USER#c3', 'STATE', { balance: 1_000_000 });
    expect(driftsIn(await simulation.sync())).toEqual([
      {
        bucket: bucketOf('c3'),
        user_id: 'c3',
        kind: 'wrong',
        repaired: true,
        ledger: { balance: 103, version: 1 },
        read_model: { balance: 1_000_000, version: 1 },
      },
    ]);
    expectSameAsLedger(simulation);
    expect(driftsIn(await simulation.sync())).toEqual([]);
  });

  test.each([
    ['an update', 'BalancesUpdated:deposit', 'behind', 1],
    ['the opening of an account', 'AccountOpened:poor', 'missing', 0],
  ])('repairs the loss of %s after one minute, and reports nothing before', async (_, lostId, kind, version) => {
    const simulation = new Simulation(1, {
      loses: ({ id, data }) => id.startsWith(lostId) && JSON.stringify(data).includes('poor'),
    });
    await openAccount(simulation, 'poor', version === 0 ? 0 : 10);
    await openAccount(simulation, 'rich', 1000);
    await simulation.settle();
    expect(driftsIn(await simulation.sync())).toEqual([]);
    await passTime(simulation, 61_000);
    expect(driftsIn(await simulation.sync())).toMatchObject([
      { user_id: 'poor', kind, repaired: true, ledger: { version } },
    ]);
    expectSameAsLedger(simulation);
    expect(driftsIn(await simulation.sync())).toEqual([]);
  });

  test.each([{ sum: '1' }, { users: 99 }, { balances: 0 }, { newest: [] }])(
    'repairs a summary with %o by a count of its accounts',
    async (fields) => {
      const simulation = await simulateShop();
      const bucket = bucketOf('c5');
      await falsify(simulation, `SUMMARY#${bucket.split(':')[1]}`, bucket, fields);
      expect(driftsIn(await simulation.sync())).toEqual([{ bucket, kind: 'summary', repaired: true }]);
      expectSameAsLedger(simulation);
      expect(driftsIn(await simulation.sync())).toEqual([]);
    },
  );

  test('fills an empty read model from the ledger, including its chunks', async () => {
    const simulation = await simulateShop({
      loses: ({ type }) => type === 'BalancesUpdated' || type === 'AccountOpened',
    });
    for (const chunk of [0, 1, 2])
      await writeChunk(simulation, { chunk, size: chunk === 2 ? 40 : 97, balance: 10 * chunk, version: 1 });
    await passTime(simulation, 61_000);
    expect(driftsIn(await simulation.sync())).toHaveLength(8 + 97 + 97 + 40);
    expectSameAsLedger(simulation);
    expect(driftsIn(await simulation.sync())).toEqual([]);
  });

  test('reports a balance that is ahead of the ledger in each run, and does not change it', async () => {
    const simulation = await simulateShop();
    await falsify(simulation, 'USER#c3', 'STATE', { version: 7 });
    for (let run = 0; run < 2; run++)
      expect(driftsIn(await simulation.sync())).toMatchObject([{ user_id: 'c3', kind: 'ahead', repaired: false }]);
    expect(balancesByUser(simulation.balances.all(), 'USER')['c3']).toEqual({ balance: 103, version: 7 });
  });

  test('reports no drift while balances change, and overwrites no newer balance', async () => {
    const faults: Faults = {
      indexLagMs: 400,
      lostAckRate: 0.05,
      chaos: { transaction_conflict: 0.1, publish_failure: 0.1 },
    };
    const simulation = await simulateShop(faults);
    const requests = Promise.all(
      Array.from({ length: 150 }, async (_, index) => {
        await simulation.clock.sleep(index * 100);
        if (index % 10 === 0)
          await simulation.request('POST /payments/accounts', { body: { user_id: `new-${index}` } });
        else await simulation.request('POST /orders', { body: { user_id: `c${index % 8}`, amount: 1 } });
      }),
    );
    const comparisons: BucketComparison[] = [];
    for (let run = 0; run < 20; run++) comparisons.push(...(await simulation.sync()));
    await simulation.runUntilDone(requests);
    await simulation.settle();
    expect(driftsIn(comparisons)).toEqual([]);
    expectSameAsLedger(simulation);
    expect(driftsIn(await simulation.sync())).toEqual([]);
  });

  test('continues at the bucket where the last run stopped', async () => {
    const simulation = await simulateShop();
    for (const chunk of [0, 1, 2, 3]) await writeChunk(simulation, { chunk, size: 5, balance: 10, version: 1 });
    const buckets: string[] = [];
    for (let run = 0; run < 4; run++) buckets.push(...(await simulation.sync(5)).map(({ bucket }) => bucket));
    expect(buckets).toHaveLength(20);
    expect(new Set(buckets).size).toBe(20);
    expect((await simulation.sync(1)).map(({ bucket }) => bucket)).toEqual([buckets[0]]);
  });
});
