import { describe, expect, test } from 'vitest';
import { BalancesUpdated } from '../../../../events/payments/balances-updated.ts';
import { TickPlanned } from '../../../../events/payments/tick-planned.ts';
import { parseChanges, parseDeferred, parsePostings } from '../../../../lambdas/payments/entry-row.ts';
import { paymentStore } from '../../../../lambdas/payments/payment-store.ts';
import { accountsByBucket } from '../../../../lambdas/payments/table.ts';
import type { TickPlannedEvent } from '../../../../lambdas/payments/update-programme/chunk-store.ts';
import { programmeStore } from '../../../../lambdas/payments/update-programme/programme-store.ts';
import { chunksNeeded, seededUser, usersOfGroup } from '../../../../lambdas/payments/update-programme/seeding.ts';
import { createRequestIdentity } from '../../../../lambdas/shared/http/idempotency.ts';
import { parseOutboxRecord } from '../../../../lambdas/shared/outbox/outbox-record.ts';
import { type Key, type Row, type Store, type Write, WriteRefused } from '../../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../../support/fixtures.ts';
import { findLedgerErrors } from '../../../support/ledger-check.ts';
import { createMemoryStore } from '../../../support/memory-store.ts';

/** A programme in memory, with every read and transaction noted; writes are refused where a test says so. */
function programme() {
  const table = createMemoryStore({ now: () => noon });
  const transactions: (readonly Write[])[] = [];
  const reads: (readonly Key[])[] = [];
  const trouble = { refuses: (_: readonly Write[]): readonly Key[] => [] };
  const store: Store = {
    ...table,
    getMany: async (keys) => {
      reads.push(keys);
      return table.getMany(keys);
    },
    write: async (writes, token) => {
      const refused = new Set(trouble.refuses(writes).map(({ pk, sk }) => `${pk} ${sk}`));
      const keys = writes.map((write) => (write.op === 'put' ? write.row : write.key));
      if (refused.size > 0)
        throw new WriteRefused(keys.map(({ pk, sk }) => ({ kind: refused.has(`${pk} ${sk}`) ? 'conflict' : 'none' })));
      await table.write(writes, token);
      transactions.push(writes);
    },
  };
  const clock = createSteppingClock();
  const unit = { store, clock, deadlineMs: noon + 10_000 };
  const members = programmeStore(unit);
  const seed = async (count: number, number = 42) => {
    const chunks = await members.claim(number, chunksNeeded(count));
    let made = 0;
    for (const [at, chunk] of chunks.entries())
      made += await members.seed(number, chunk, usersOfGroup(number, at, count));
    return made;
  };
  const open = (user_id: string) =>
    paymentStore(unit).open(
      { user_id, programme: true },
      createRequestIdentity('open', user_id, undefined, user_id),
      'request',
    );
  const rows = (start: string) => table.all().filter(({ pk, sk }) => `${pk} ${sk}`.startsWith(start));
  const members_of = async (chunk: number) => (await table.get({ pk: `CHUNK#${chunk}`, sk: 'STATE' }))?.['members'];
  return { table, transactions, reads, trouble, clock, unit, members, seed, open, rows, members_of };
}

const tickAt = (due: number, chunk = 0): TickPlannedEvent =>
  TickPlanned.make(
    {
      tick: '20260101T1200-0',
      chunk,
      due_at: new Date(due).toISOString(),
      deadline_at: new Date(due + 10_000).toISOString(),
    },
    { time: new Date(noon).toISOString(), correlation_id: 'tick:20260101T1200-0', causation_id: 'minute' },
  ) as TickPlannedEvent;

const accountKey = (at: number): Key => ({ pk: `ACCOUNT#${seededUser(42, at)}`, sk: 'STATE' });

describe('seeding', () => {
  test('fills a chunk in one transaction of a hundred items', async () => {
    const { seed, transactions, rows, table } = programme();
    expect(await seed(97)).toBe(97);
    expect(transactions.map(({ length }) => length)).toEqual([2, 100]);
    expect(rows('ACCOUNT#')).toHaveLength(97);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('makes the same users with the same balances for the same seed, and others for another', async () => {
    const [one, other] = [programme(), programme()];
    await one.seed(20);
    await other.seed(10, 7);
    await other.seed(20);
    const balances = ({ rows }: typeof one) =>
      new Map(rows('ACCOUNT#u42').map(({ user_id, balance }) => [user_id, balance]));
    expect(balances(one).size).toBe(20);
    expect(balances(other)).toEqual(balances(one));
    expect(other.rows('ACCOUNT#u7')).toHaveLength(10);
  });

  test('again makes nobody, and a higher count those who are missing: also in a chunk that was partly filled', async () => {
    const { seed, table, members, rows } = programme();
    expect(await seed(150)).toBe(150);
    const before = table.all();
    expect(await seed(150)).toBe(0);
    expect(await seed(100)).toBe(0);
    expect(table.all()).toEqual(before);
    expect(await seed(250)).toBe(100);
    expect(await members.chunks()).toBe(3);
    expect(new Set(rows('ACCOUNT#').map(({ user_id }) => user_id)).size).toBe(250);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('of fewer users than before looks at their chunks only', async () => {
    const { seed, members } = programme();
    await seed(250);
    expect(await members.claim(42, 1)).toEqual([0]);
    expect(await members.claim(42, 3)).toEqual([0, 1, 2]);
  });

  test('goes on where it was broken off', async () => {
    const { seed, members, rows } = programme();
    const chunks = await members.claim(42, 3);
    await members.seed(42, Number(chunks[1]), usersOfGroup(42, 1, 250));
    expect(await seed(250)).toBe(153);
    expect(rows('ACCOUNT#')).toHaveLength(250);
  });

  test('tells of every account, of those that begin with nothing as well', async () => {
    const { seed, rows } = programme();
    await seed(97);
    const told = rows('CHUNK#0 OUTBOX#')
      .flatMap(parseOutboxRecord)
      .flatMap(({ type, data }) =>
        type === 'BalancesUpdated' ? (data as BalancesUpdated).balances : [data as { user_id: string }],
      );
    expect(new Set(told.map(({ user_id }) => user_id)).size).toBe(97);
  });

  test('leaves an account that is there as it is, outside the programme', async () => {
    const { seed, unit, rows, members_of } = programme();
    const user_id = seededUser(42, 3);
    await paymentStore(unit).open({ user_id }, createRequestIdentity('open', user_id, undefined, user_id), 'request');
    expect(await seed(5)).toBe(4);
    expect(await members_of(0)).not.toContain(user_id);
    expect(rows(`ACCOUNT#${user_id} STATE`)).toMatchObject([{ balance: 0, version: 0 }]);
  });
});

describe('who opens an account in the programme', () => {
  test('has a place in the open chunk, and the next chunk opens when it is full', async () => {
    const { open, members, members_of, rows } = programme();
    for (let at = 0; at < 98; at++) await open(`user${at}`);
    expect(await members_of(0)).toHaveLength(97);
    expect(await members_of(1)).toEqual(['user97']);
    expect(await members.chunks()).toBe(2);
    expect(rows('ACCOUNT#user97 STATE')).toMatchObject([{ chunk: 1, bucket: 'chunk:1' }]);
    expect(rows('ACCOUNT#user97 OUTBOX#').flatMap(parseOutboxRecord)).toMatchObject([
      { data: { user_id: 'user97', chunk: 1 } },
    ]);
  });

  test('does not take a place of those who are seeded', async () => {
    const { open, seed, members_of, table } = programme();
    await seed(50);
    await open('alice');
    expect(await seed(97)).toBe(47);
    expect(await members_of(0)).toHaveLength(97);
    expect(await members_of(1)).toEqual(['alice']);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('is listed with all other accounts, bucket by bucket', async () => {
    const { open, table, unit } = programme();
    await open('alice');
    await paymentStore(unit).open(
      { user_id: 'bob' },
      createRequestIdentity('open', 'bob', undefined, 'bob'),
      'request',
    );
    const inChunk = await table.query({ partition: 'chunk:0', index: accountsByBucket });
    expect(inChunk.map(({ user_id }) => user_id)).toEqual(['alice']);
    const bob = await table.get({ pk: 'ACCOUNT#bob', sk: 'STATE' });
    expect(bob?.['bucket']).toMatch(/^hash:\d+$/);
    expect(bob).not.toHaveProperty('chunk');
  });
});

describe('a tick', () => {
  test('is one transaction that fits, told in one event of all who changed', async () => {
    const { seed, members, transactions, rows, table } = programme();
    await seed(97);
    transactions.length = 0;
    await members.tick(tickAt(noon));
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

  test('stores a whole chunk’s lines in less than 5 KB, and its event in less than 8', async () => {
    const { seed, members, rows } = programme();
    await seed(97);
    await members.tick(tickAt(noon));
    const bytes = (start: string) => rows(start).map((row) => Buffer.byteLength(JSON.stringify(row)));
    expect(Math.max(...bytes('CHUNK#0 TICK#'))).toBeLessThan(5 * 1024);
    expect(Math.max(...bytes('CHUNK#0 OUTBOX#BalancesUpdated:tick'))).toBeLessThan(8 * 1024);
  });

  test('that is late is dropped, and one that has begun is not', async () => {
    const { seed, members, clock, transactions } = programme();
    await seed(97);
    transactions.length = 0;
    clock.pass(10_001);
    await members.tick(tickAt(noon));
    expect(transactions).toEqual([]);
    await members.tick(tickAt(noon + 1));
    expect(transactions).toHaveLength(1);
  });

  test('of a chunk that nobody filled does nothing', async () => {
    const { members, transactions } = programme();
    await members.claim(42, 1);
    transactions.length = 0;
    await members.tick(tickAt(noon));
    expect(transactions).toEqual([]);
  });

  test('reads again only those who moved, and after two tries leaves them to their own turn', async () => {
    const { seed, members, trouble, reads, rows, table } = programme();
    await seed(97);
    reads.length = 0;
    const hot = [accountKey(1), accountKey(2)];
    trouble.refuses = (writes) =>
      writes.length < 90 ? [] : hot.filter(({ pk }) => writes.some((one) => one.op === 'update' && one.key.pk === pk));
    await members.tick(tickAt(noon));
    // entry and chunk, everybody, those two once more, and then each of them alone with its receipt
    expect(reads.map(({ length }) => length)).toEqual([2, 97, 2, 2, 2]);
    const [entry] = rows('CHUNK#0 TICK#') as [Row];
    expect(parseDeferred(entry)).toEqual([1, 2].map((at) => seededUser(42, at)));
    for (const { pk } of hot) expect(rows(`${pk} TICK#`)).toHaveLength(1);
    expect(findLedgerErrors(table.all())).toEqual([]);
  });

  test('leaves nobody where the engine refuses everything', async () => {
    const { seed, members, trouble, rows } = programme();
    await seed(97);
    let times = 5;
    trouble.refuses = (writes) =>
      times-- > 0 ? writes.map((write) => (write.op === 'put' ? write.row : write.key)) : [];
    await members.tick(tickAt(noon));
    expect(rows('CHUNK#0 TICK#')).toHaveLength(1);
    expect(parseDeferred(rows('CHUNK#0 TICK#')[0] as Row)).toEqual([]);
  });
});
