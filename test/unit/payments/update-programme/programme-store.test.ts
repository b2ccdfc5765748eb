import { describe, expect, test } from 'vitest';
import { BalancesUpdated } from '../../../../events/payments/balances-updated.ts';
import { TickPlanned } from '../../../../events/payments/tick-planned.ts';
import { accountStore } from '../../../../lambdas/payments/account-store.ts';
import { parseChanges, parseDeferred, parsePostings } from '../../../../lambdas/payments/entry-row.ts';
import { accountsByBucket } from '../../../../lambdas/payments/table.ts';
import type { TickPlannedEvent } from '../../../../lambdas/payments/update-programme/chunk-store.ts';
import { programmeStore } from '../../../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, seededUser, usersOfGroup } from '../../../../lambdas/payments/update-programme/seeding.ts';
import { createRequestIdentity } from '../../../../lambdas/shared/http/idempotency.ts';
import { parseOutboxRecord } from '../../../../lambdas/shared/outbox/outbox-record.ts';
import {
  type Key,
  keyOfWrite,
  type Row,
  type Store,
  type Write,
  WriteRefused,
} from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../../support/fixtures.ts';
import { findLedgerErrors } from '../../../support/ledger-check.ts';
import { createMemoryStore, overrideStore } from '../../../support/memory-store.ts';

/** Creates an update programme in memory. Records batch reads and transactions; a test may refuse writes. */
function createProgramme() {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  const reads: (readonly Key[])[] = [];
  const conflicts = { refusedKeys: (_: readonly Write[]): readonly Key[] => [] };
  const keyText = ({ pk, sk }: Key) => `${pk} ${sk}`;
  const store: Store = overrideStore(table, {
    getMany: async (keys) => {
      reads.push(keys);
      return table.getMany(keys);
    },
    write: async (writes, token) => {
      const refused = new Set(conflicts.refusedKeys(writes).map(keyText));
      const isRefused = (write: Write) => refused.has(keyText(keyOfWrite(write)));
      if (refused.size > 0)
        throw new WriteRefused(writes.map((write) => ({ kind: isRefused(write) ? 'conflict' : 'none' })));
      await table.write(writes, token);
      transactions.push(writes);
    },
  });
  const clock = createSteppingClock();
  const work = { store, clock, deadlineMs: noon + 10_000 };
  const programme = programmeStore(work);
  const seedUsers = async (count: number, seed = 42) => {
    const chunks = await programme.reserveChunks(seed, chunksNeeded(count));
    let created = 0;
    for (const [group, chunk] of chunks.entries())
      created += await programme.seedChunk(seed, chunk, usersOfGroup(seed, group, count));
    return created;
  };
  const openAccount = (user_id: string, isMember = true) =>
    accountStore(work).open(
      { user_id, programme: isMember },
      createRequestIdentity('open', user_id, undefined, user_id),
      'request',
    );
  const rows = (prefix: string) => table.all().filter((row) => keyText(row).startsWith(prefix));
  const membersOf = async (chunk: number) => (await table.get({ pk: `CHUNK#${chunk}`, sk: 'STATE' }))?.['members'];
  return { table, transactions, reads, conflicts, clock, programme, seedUsers, openAccount, rows, membersOf };
}

const tickPlanned = (dueMs: number): TickPlannedEvent =>
  TickPlanned.make(
    {
      tick: '20260101T1200-0',
      chunk: 0,
      due_at: new Date(dueMs).toISOString(),
      deadline_at: new Date(dueMs + 10_000).toISOString(),
    },
    { time: new Date(noon).toISOString(), correlation_id: 'tick:20260101T1200-0', causation_id: 'minute' },
  ) as TickPlannedEvent;

const seededAccountKey = (number: number): Key => ({ pk: `ACCOUNT#${seededUser(42, number)}`, sk: 'STATE' });

describe('seeding', () => {
  test('fills a chunk in one transaction of 100 items', async () => {
    const { seedUsers, transactions, rows, table } = createProgramme();
    expect(await seedUsers(97)).toBe(97);
    expect(transactions.map(({ length }) => length)).toEqual([2, 100]);
    expect(rows('ACCOUNT#')).toHaveLength(97);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('creates the same users and balances for the same seed, and other users for another seed', async () => {
    const [first, second] = [createProgramme(), createProgramme()];
    await first.seedUsers(20);
    await second.seedUsers(10, 7);
    await second.seedUsers(20);
    const balances = ({ rows }: typeof first) =>
      new Map(rows('ACCOUNT#u42').map(({ user_id, balance }) => [user_id, balance]));
    expect(balances(first).size).toBe(20);
    expect(balances(second)).toEqual(balances(first));
    expect(second.rows('ACCOUNT#u7')).toHaveLength(10);
  });

  test('creates only the missing users when it is repeated, also in a partly filled chunk', async () => {
    const { seedUsers, table, programme, rows } = createProgramme();
    expect(await seedUsers(150)).toBe(150);
    const before = table.all();
    expect(await seedUsers(150)).toBe(0);
    expect(await seedUsers(100)).toBe(0);
    expect(table.all()).toEqual(before);
    expect(await seedUsers(250)).toBe(100);
    expect(await programme.countChunks()).toBe(3);
    expect(new Set(rows('ACCOUNT#').map(({ user_id }) => user_id)).size).toBe(250);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('reserves only the first chunks again for a lower count', async () => {
    const { seedUsers, programme } = createProgramme();
    await seedUsers(250);
    expect(await programme.reserveChunks(42, 1)).toEqual([0]);
    expect(await programme.reserveChunks(42, 3)).toEqual([0, 1, 2]);
  });

  test('resumes after an interruption', async () => {
    const { seedUsers, programme, rows } = createProgramme();
    const chunks = await programme.reserveChunks(42, 3);
    await programme.seedChunk(42, Number(chunks[1]), usersOfGroup(42, 1, 250));
    expect(await seedUsers(250)).toBe(153);
    expect(rows('ACCOUNT#')).toHaveLength(250);
  });

  test('publishes every account, including those with an initial balance of zero', async () => {
    const { seedUsers, rows } = createProgramme();
    await seedUsers(97);
    const published = rows('CHUNK#0 OUTBOX#')
      .flatMap(parseOutboxRecord)
      .flatMap(({ type, data }) =>
        type === 'BalancesUpdated' ? (data as BalancesUpdated).balances : [data as { user_id: string }],
      );
    expect(new Set(published.map(({ user_id }) => user_id)).size).toBe(97);
  });

  test('leaves an existing account unchanged and outside the programme', async () => {
    const { seedUsers, openAccount, rows, membersOf } = createProgramme();
    const user_id = seededUser(42, 3);
    await openAccount(user_id, false);
    expect(await seedUsers(5)).toBe(4);
    expect(await membersOf(0)).not.toContain(user_id);
    expect(rows(`ACCOUNT#${user_id} STATE`)).toMatchObject([{ balance: 0, version: 0 }]);
  });
});

describe('an account opened in the programme', () => {
  test('joins the open chunk, or a new chunk if the open one is full', async () => {
    const { openAccount, programme, membersOf, rows } = createProgramme();
    for (let index = 0; index < 98; index++) await openAccount(`user${index}`);
    expect(await membersOf(0)).toHaveLength(97);
    expect(await membersOf(1)).toEqual(['user97']);
    expect(await programme.countChunks()).toBe(2);
    expect(rows('ACCOUNT#user97 STATE')).toMatchObject([{ chunk: 1, bucket: 'chunk:1' }]);
    expect(rows('ACCOUNT#user97 OUTBOX#').flatMap(parseOutboxRecord)).toMatchObject([
      { data: { user_id: 'user97', chunk: 1 } },
    ]);
  });

  test('does not join a chunk that is reserved for seeded users', async () => {
    const { openAccount, seedUsers, membersOf, table } = createProgramme();
    await seedUsers(50);
    await openAccount('alice');
    expect(await seedUsers(97)).toBe(47);
    expect(await membersOf(0)).toHaveLength(97);
    expect(await membersOf(1)).toEqual(['alice']);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('is listed in the bucket of its chunk, and an account outside the programme in a hash bucket', async () => {
    const { openAccount, table } = createProgramme();
    await openAccount('alice');
    await openAccount('bob', false);
    const inChunk = await table.query({ partition: 'chunk:0', index: accountsByBucket });
    expect(inChunk.map(({ user_id }) => user_id)).toEqual(['alice']);
    const bob = await table.get({ pk: 'ACCOUNT#bob', sk: 'STATE' });
    expect(bob?.['bucket']).toMatch(/^hash:\d+$/);
    expect(bob).not.toHaveProperty('chunk');
  });
});

describe('applyTick', () => {
  test('updates a chunk in one transaction and publishes all changes in one event', async () => {
    const { seedUsers, programme, transactions, rows, table } = createProgramme();
    await seedUsers(97);
    transactions.length = 0;
    await programme.applyTick(tickPlanned(noon));
    expect(transactions).toHaveLength(1);
    expect(transactions[0]?.length).toBeLessThanOrEqual(99);
    const [entry] = rows('CHUNK#0 TICK#') as [Row];
    expect(entry['entry_id']).toBe('tick:20260101T1200-0:0');
    expect(parsePostings(entry).at(-1)?.account).toBe('programme:updates');
    const [event] = rows('CHUNK#0 OUTBOX#BalancesUpdated:tick').flatMap(parseOutboxRecord);
    const { balances, chunk } = BalancesUpdated.schema.parse(event?.data);
    expect(chunk).toBe(0);
    expect(balances).toEqual(
      parseChanges(entry).map(({ user_id, balance_after, version }) => ({ user_id, balance: balance_after, version })),
    );
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('stores the entry of a full chunk in less than 5 KB, and its event in less than 8 KB', async () => {
    const { seedUsers, programme, rows } = createProgramme();
    await seedUsers(97);
    await programme.applyTick(tickPlanned(noon));
    const bytes = (prefix: string) => rows(prefix).map((row) => Buffer.byteLength(JSON.stringify(row)));
    expect(Math.max(...bytes('CHUNK#0 TICK#'))).toBeLessThan(5 * 1024);
    expect(Math.max(...bytes('CHUNK#0 OUTBOX#BalancesUpdated:tick'))).toBeLessThan(8 * 1024);
  });

  test('drops a tick after its deadline and applies it before', async () => {
    const { seedUsers, programme, clock, transactions } = createProgramme();
    await seedUsers(97);
    transactions.length = 0;
    clock.pass(10_001);
    await programme.applyTick(tickPlanned(noon));
    expect(transactions).toEqual([]);
    await programme.applyTick(tickPlanned(noon + 1));
    expect(transactions).toHaveLength(1);
  });

  test('does not drop a tick that was received before while its earlier write may still be applied', async () => {
    const { seedUsers, programme, clock, rows } = createProgramme();
    await seedUsers(97);
    clock.pass(10_001);
    await expect(programme.applyTick(tickPlanned(noon), 2)).rejects.toMatchObject({ name: 'Busy' });
    clock.pass(30_000);
    await programme.applyTick(tickPlanned(noon), 2);
    expect(rows('CHUNK#0 TICK#')).toEqual([]);
  });

  test('writes nothing for a reserved chunk without members', async () => {
    const { programme, transactions } = createProgramme();
    await programme.reserveChunks(42, 1);
    transactions.length = 0;
    await programme.applyTick(tickPlanned(noon));
    expect(transactions).toEqual([]);
  });

  test('reads only moved accounts again, and defers them after the second refusal', async () => {
    const { seedUsers, programme, conflicts, reads, rows, table } = createProgramme();
    await seedUsers(97);
    reads.length = 0;
    const busyKeys = [seededAccountKey(1), seededAccountKey(2)];
    conflicts.refusedKeys = (writes) =>
      writes.length < 90
        ? []
        : busyKeys.filter(({ pk }) => writes.some((write) => write.op === 'update' && write.key.pk === pk));
    await programme.applyTick(tickPlanned(noon));
    // The entry and the chunk, all accounts, the two busy accounts again, and then each of them with its own entry.
    expect(reads.map(({ length }) => length)).toEqual([2, 97, 2, 2, 2]);
    const [entry] = rows('CHUNK#0 TICK#') as [Row];
    expect(parseDeferred(entry)).toEqual([1, 2].map((number) => seededUser(42, number)));
    for (const { pk } of busyKeys) expect(rows(`${pk} TICK#`)).toHaveLength(1);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('defers no account if the engine refuses whole transactions', async () => {
    const { seedUsers, programme, conflicts, rows } = createProgramme();
    await seedUsers(97);
    let refusals = 5;
    conflicts.refusedKeys = (writes) => (refusals-- > 0 ? writes.map(keyOfWrite) : []);
    await programme.applyTick(tickPlanned(noon));
    expect(rows('CHUNK#0 TICK#')).toHaveLength(1);
    expect(parseDeferred(rows('CHUNK#0 TICK#')[0] as Row)).toEqual([]);
  });
});
