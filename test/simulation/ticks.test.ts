import { describe, expect, test } from 'vitest';
import { TickPlanned } from '../../events/payments/tick-planned.ts';
import { parseChanges } from '../../lambdas/payments/entry-row.ts';
import { drawChange, toMinute } from '../../lambdas/payments/update-programme/tick.ts';
import type { Row, Write } from '../../lambdas/shared/store/store.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { type Faults, Simulation } from '../support/simulation.ts';

const USERS = 1000;
const CHUNKS = 11;

/** Creates a simulation with seeded users, and records each transaction of payments after the seeding. */
async function createSeeded(count = USERS, seed = 1, faults: Faults = {}) {
  const simulation = new Simulation(seed, faults);
  await simulation.seedUsers(count);
  const transactions: (readonly Write[])[] = [];
  const write = simulation.payments.write;
  simulation.payments.write = async (writes, token) => {
    await write(writes, token);
    transactions.push(writes);
  };
  const rows = (sortKeyPrefix: string) => simulation.payments.all().filter(({ sk }) => sk.startsWith(sortKeyPrefix));
  const accounts = () => rows('STATE').filter(({ pk }) => pk.startsWith('ACCOUNT#'));
  return { simulation, transactions, rows, accounts };
}

const usersIn = (entries: readonly Row[]): Set<string> =>
  new Set(entries.flatMap(parseChanges).map(({ user_id }) => user_id));
const deadLetters = (simulation: Simulation) => Object.values(simulation.queues).flatMap(({ dlq }) => dlq);
const updates = (writes: readonly Write[], user: string): boolean =>
  writes.some((write) => write.op === 'update' && write.key.pk === `ACCOUNT#${user}`);

describe('a minute of ticks over 1,000 users', () => {
  test('updates one chunk every ten seconds, each in one transaction', async () => {
    const { simulation, transactions, rows } = await createSeeded();
    await simulation.tickFor(1);
    expect(rows('TICK#')).toHaveLength(6);
    expect(transactions).toHaveLength(6);
    expect(transactions.every((writes) => writes.length <= 100)).toBe(true);
    const seconds = simulation.queues['balance-ticks'].receives.map(({ timeMs }) =>
      Math.floor((timeMs % 60_000) / 1000),
    );
    expect(seconds).toEqual([0, 10, 20, 30, 40, 50]);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('updates all users in at most 11 transactions per tick, if each tick updates all chunks', async () => {
    const { simulation, transactions, rows } = await createSeeded();
    await simulation.tickFor(1, { chunksPerTick: 'all' });
    const ticks = Map.groupBy(rows('TICK#'), ({ ref }) => String(ref));
    expect(ticks.size).toBe(6);
    for (const entries of ticks.values()) {
      expect(entries.length).toBeLessThanOrEqual(CHUNKS);
      // The others have a change of zero, or a balance of zero and a negative change.
      expect(usersIn(entries).size).toBeGreaterThan(USERS * 0.97);
    }
    expect(transactions).toHaveLength(6 * CHUNKS);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });

  test('has four ticks with an interval of 15 seconds', async () => {
    const { simulation, rows } = await createSeeded();
    await simulation.tickFor(1, { intervalS: 15 });
    expect(rows('TICK#').map(({ ref }) => ref)).toHaveLength(4);
  });

  test('changes each balance by at most 100.00, not below zero, and publishes each with its version', async () => {
    const { simulation, rows, accounts } = await createSeeded();
    await simulation.tickFor(1, { chunksPerTick: 'all' });
    for (const { amount, balance_after } of rows('TICK#').flatMap(parseChanges)) {
      expect(Math.abs(amount)).toBeLessThanOrEqual(10_000);
      expect(balance_after).toBeGreaterThanOrEqual(0);
    }
    const published = new Map<unknown, unknown>();
    for (const { type, data } of simulation.published) {
      if (type !== 'BalancesUpdated') continue;
      for (const { user_id, balance, version } of (data as { balances: Record<string, unknown>[] }).balances)
        published.set(user_id, { balance, version });
    }
    for (const { user_id, balance, version } of accounts())
      expect(published.get(user_id)).toEqual({ balance, version });
  });

  test('is applied once if it is planned twice', async () => {
    const { simulation, rows, transactions } = await createSeeded();
    const minute = simulation.clock.now();
    await simulation.runUntilDone(Promise.all([simulation.planMinute(minute), simulation.planMinute(minute)]));
    await simulation.settle();
    expect(rows('TICK#')).toHaveLength(6);
    expect(transactions).toHaveLength(6);
  });
});

describe('a duplicate TickPlanned', () => {
  test('has no effect after the tick was applied, in ten deliveries at once and one after another', async () => {
    const { simulation, transactions, accounts } = await createSeeded();
    await simulation.tickFor(1);
    const before = accounts();
    const queue = simulation.queues['balance-ticks'];
    const [message] = queue.receives;
    for (let time = 0; time < 10; time++) queue.send(String(message?.body), 1000 * (time % 5));
    await simulation.settle();
    expect(accounts()).toEqual(before);
    expect(transactions).toHaveLength(6);
  });

  test('has no effect if ten deliveries are received at once before any of them is applied', async () => {
    const { simulation, transactions } = await createSeeded();
    const tick = createTick(simulation, 3);
    for (let time = 0; time < 10; time++) simulation.queues['balance-ticks'].send(tick);
    await simulation.settle();
    expect(transactions).toHaveLength(1);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });
});

/** Creates the message of a tick that is due now. */
function createTick(simulation: Simulation, chunk: number, index = 0, deadlineMs = 10_000): string {
  const now = simulation.clock.now();
  const tick = `${toMinute(now)}-${index}`;
  const [time, deadline_at] = [new Date(now).toISOString(), new Date(now + deadlineMs).toISOString()];
  return JSON.stringify(
    TickPlanned.make(
      { tick, chunk, due_at: time, deadline_at },
      { time, correlation_id: `tick:${tick}`, causation_id: 'test' },
    ),
  );
}

test.each([[[5, '']], [[0, 'TICK#']], [['TICK#']]])('a statement rejects the cursor %j', async (position) => {
  const { simulation } = await createSeeded(1);
  const cursor = Buffer.from(JSON.stringify(position)).toString('base64url');
  const request = { path: { user_id: 'u42-000001' }, query: { cursor } };
  const response = await simulation.runUntilDone(
    simulation.request('GET /payments/accounts/{user_id}/entries', request),
  );
  expect(response).toMatchObject({ status: 400, body: { errors: [{ path: 'cursor' }] } });
});

describe('late ticks', () => {
  test('are dropped after the consumer was stopped, without a backlog and without dead letters', async () => {
    const { simulation, rows } = await createSeeded();
    const queue = simulation.queues['balance-ticks'];
    queue.stop();
    for (let minute = 0; minute < 5; minute++) {
      await simulation.runUntilDone(simulation.planMinute(simulation.clock.now(), { chunksPerTick: 'all' }));
      await simulation.runUntilDone(simulation.clock.sleep(60_000));
    }
    queue.start();
    await simulation.settle();
    // A tick that was due in the last ten seconds is before its deadline.
    expect(new Set(rows('TICK#').map(({ ref }) => ref)).size).toBeLessThanOrEqual(1);
    expect(queue.isIdle).toBe(true);
    expect(deadLetters(simulation)).toEqual([]);
  });

  test('are not planned by a planner that runs late', async () => {
    const { simulation, rows } = await createSeeded();
    const minute = simulation.clock.now() - (simulation.clock.now() % 60_000);
    await simulation.runUntilDone(simulation.clock.sleep(minute + 35_000 - simulation.clock.now()));
    await simulation.runUntilDone(simulation.planMinute(minute));
    await simulation.settle();
    const indexes = rows('TICK#').map(({ ref }) => String(ref).split('-')[1]);
    expect(indexes.sort()).toEqual(['03', '04', '05']);
  });
});

const placeOrder = async (simulation: Simulation, user_id: string, amount: number) => {
  const { status } = await simulation.request('POST /orders', { body: { user_id, amount } });
  expect(status).toBe(201);
};

const deposit = async (simulation: Simulation, user_id: string, amount: number) => {
  const response = simulation.request('POST /payments/accounts/deposit', { body: { user_id, amount } });
  expect((await simulation.runUntilDone(response)).status).toBe(200);
};

describe('100 ticks concurrent with 500 orders of the same users', () => {
  test.each([1, 2, 3])('are all applied although 30% of transactions meet a conflict (seed %i)', async (seed) => {
    const { simulation, rows } = await createSeeded(97, seed, { chaos: { transaction_conflict: 0.3 } });
    const users = Array.from({ length: 97 }, (_, index) => `u42-${String(index + 1).padStart(6, '0')}`);
    for (let index = 0; index < 100; index++)
      simulation.queues['balance-ticks'].send(createTick(simulation, 0, index, 60_000), 100 * index);
    const orders = Array.from({ length: 500 }, async (_, index) => {
      await simulation.clock.sleep(20 * index);
      await placeOrder(simulation, String(users[index % 97]), 10);
    });
    await simulation.runUntilDone(Promise.all(orders));
    await simulation.settle();
    expect(rows('TICK#').filter(({ pk }) => pk.startsWith('CHUNK#'))).toHaveLength(100);
    expect(rows('PAYMENT')).toHaveLength(500);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
    expect(deadLetters(simulation)).toEqual([]);
  });
});

/** Returns the writes of a debit: the account under its version, and the entry. */
function debitWrites(row: Row, number: number, amount = 1): Write[] {
  const [balance, version] = [Number(row['balance']) - amount, Number(row['version']) + 1];
  const user_id = String(row['user_id']);
  return [
    { op: 'update', key: row, set: { balance, version }, when: { type: 'version', version: version - 1 } },
    {
      op: 'put',
      row: {
        pk: `ORDER#debit${number}`,
        sk: 'PAYMENT',
        account: user_id,
        amount: -amount,
        balance_after: balance,
        version,
        postings: [
          { account: `user:${user_id}`, amount: -amount },
          { account: 'merchant:orders', amount },
        ],
      },
    },
  ];
}

test('an account that is debited before each bulk entry gets every debit and tick, and does not delay its chunk', async () => {
  const { simulation, rows, accounts } = await createSeeded(97);
  const busyUser = 'u42-000001';
  await deposit(simulation, busyUser, 1_000_000);
  let debits = 0;
  const write = simulation.payments.write;
  // The account is debited between the read and the write of each bulk entry that includes it.
  simulation.payments.write = async (writes, token) => {
    if (writes.length > 90 && updates(writes, busyUser)) {
      const row = await simulation.payments.get({ pk: `ACCOUNT#${busyUser}`, sk: 'STATE' });
      await write(debitWrites(row as Row, debits++), 'debit');
    }
    await write(writes, token);
  };
  const endMs = simulation.clock.now() + 60_000;
  while (simulation.clock.now() < endMs) await simulation.tickFor(1);
  const ownEntries = rows('TICK#').filter(({ pk }) => pk === `ACCOUNT#${busyUser}`);
  expect(ownEntries).toHaveLength(6);
  // Each tick tries twice with the account before it defers it.
  expect(debits).toBe(12);
  const { version } = accounts().find(({ user_id }) => user_id === busyUser) as Row;
  expect(version).toBe(2 + debits + ownEntries.length);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
});

test('an account with 2,000 orders in a minute gets all of them, and all ticks of its chunk', async () => {
  const { simulation, rows } = await createSeeded(97, 5);
  const busyUser = 'u42-000001';
  await deposit(simulation, busyUser, 1_000_000);
  const startMs = 60_000 - (simulation.clock.now() % 60_000);
  const orders = Array.from({ length: 2000 }, async (_, index) => {
    await simulation.clock.sleep(startMs + 30 * index);
    await placeOrder(simulation, busyUser, 1);
  });
  await simulation.tickFor(1);
  await simulation.runUntilDone(Promise.all(orders));
  await simulation.settle();
  const ticks = Map.groupBy(rows('TICK#'), ({ ref }) => ref);
  expect(ticks.size).toBe(6);
  for (const entries of ticks.values()) expect(usersIn(entries)).toContain(busyUser);
  expect(rows('PAYMENT').filter(({ decision }) => decision === 'authorized')).toHaveLength(2000);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  expect(deadLetters(simulation)).toEqual([]);
});

describe('deferred accounts', () => {
  test('are updated by a later delivery after a crash, even if the deadline has passed', async () => {
    const { simulation, rows } = await createSeeded(97);
    const busyUsers = ['u42-000001', 'u42-000002'];
    const write = simulation.payments.write;
    let isCrashing = true;
    let debits = 0;
    simulation.payments.write = async (writes, token) => {
      const hasOwnEntry = (user: string) =>
        writes.some((write) => write.op === 'put' && write.row.pk === `ACCOUNT#${user}`);
      if (isCrashing && busyUsers.some(hasOwnEntry)) throw new Error('the function crashed');
      for (const user of writes.length > 90 ? busyUsers : []) {
        if (!updates(writes, user)) continue;
        const row = await simulation.payments.get({ pk: `ACCOUNT#${user}`, sk: 'STATE' });
        await write(debitWrites(row as Row, debits++), 'debit');
      }
      await write(writes, token);
    };
    simulation.queues['balance-ticks'].send(createTick(simulation, 0));
    await simulation.runUntilDone(simulation.clock.sleep(5000));
    expect(rows('TICK#')).toMatchObject([{ deferred: busyUsers }]);
    isCrashing = false;
    await simulation.runUntilDone(simulation.clock.sleep(60_000));
    await simulation.settle();
    expect(rows('TICK#')).toHaveLength(3);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
    expect(deadLetters(simulation)).toEqual([]);
  });

  test('with a change of zero are not changed by a later duplicate, even if they have money by then', async () => {
    const { simulation, accounts, rows } = await createSeeded(0);
    const body = { user_id: 'alice', programme: true };
    await simulation.runUntilDone(simulation.request('POST /payments/accounts', { body }));
    await deposit(simulation, 'alice', 10);
    const debitingTick = Array.from({ length: 60 }, (_, index) => createTick(simulation, 0, index)).find(
      (tick) => drawChange(JSON.parse(tick).data.tick, 'alice') < -10,
    );
    const queue = simulation.queues['balance-ticks'];
    const write = simulation.payments.write;
    let debits = 0;
    // The account is debited by 1 before each bulk entry, and by the rest of its balance before its own entry.
    simulation.payments.write = async (writes, token) => {
      if (updates(writes, 'alice')) {
        const [row] = accounts() as [Row];
        await write(debitWrites(row, debits++, debits > 2 ? Number(row['balance']) : 1), 'debit');
      }
      await write(writes, token);
    };
    queue.send(String(debitingTick));
    await simulation.settle();
    expect(rows('TICK#').find(({ pk }) => pk === 'CHUNK#0')).toMatchObject({ deferred: ['alice'] });
    expect(accounts()).toMatchObject([{ balance: 0, version: 1 + debits }]);

    simulation.payments.write = write;
    await deposit(simulation, 'alice', 50_000);
    await simulation.runUntilDone(simulation.clock.sleep(24 * 3_600_000));
    queue.send(String(debitingTick));
    await simulation.settle();
    expect(accounts()).toMatchObject([{ balance: 50_000, version: 2 + debits }]);
    expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  });
});

/** Returns the CPU seconds of this process, so that other processes on the machine do not count. */
function cpuSecondsSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return (user + system) / 1e6;
}

/** Returns the CPU seconds that this machine takes to write and read the events of a day as JSON, ten times each. */
function measureReference(simulation: Simulation): number {
  const event = simulation.published.findLast(({ type }) => type === 'BalancesUpdated');
  const start = process.cpuUsage();
  for (let round = 0; round < 10 * 8640; round++) JSON.parse(JSON.stringify(event));
  return cpuSecondsSince(start);
}

test('a day of ticks takes seconds and leaves no ledger error', async () => {
  const { simulation, rows } = await createSeeded();
  const start = process.cpuUsage();
  await simulation.tickFor(24 * 60);
  const seconds = cpuSecondsSince(start);
  const ratio = seconds / measureReference(simulation);
  console.log(
    `simulation: 8,640 ticks in ${seconds.toFixed(1)} s, ${ratio.toFixed(1)} times their events as JSON, ten times each`,
  );
  expect(rows('TICK#')).toHaveLength(8640);
  expect(deadLetters(simulation)).toEqual([]);
  expect(findLedgerErrors(simulation.payments.all())).toEqual([]);
  // The limit is a ratio, since machines differ and are busy. It is about 5, in twelve to fifteen seconds.
  expect(ratio).toBeLessThan(12);
}, 120_000);
