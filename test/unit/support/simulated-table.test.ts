import { describe, expect, test } from 'vitest';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import {
  absent,
  type Key,
  type Row,
  type Store,
  versionIs,
  type Write,
  WriteRefused,
} from '../../../lambdas/shared/store/store.ts';
import type { Faults } from '../../support/faults.ts';
import { CLIENT_GIVES_UP_MS, SimulatedTable } from '../../support/simulated-table.ts';
import { storeContract } from '../../support/store-contract.ts';
import { virtualClock } from '../../support/virtual-clock.ts';

function createTable(faults: Faults = {}, seed = 1, startMs?: number) {
  const clock = virtualClock(seed, startMs);
  const table = new SimulatedTable({ name: 'orders', clock, faults: () => faults, onChange: () => undefined });
  /** Advances the clock until the work is done. Returns its result or its error, and how long it took. */
  const run = async <T>(work: Promise<T>) => {
    const startMs = clock.now();
    let settled: { result?: T; error?: unknown } | undefined;
    work.then(
      (result) => {
        settled = { result };
      },
      (error: unknown) => {
        settled = { error };
      },
    );
    await clock.runUntil(() => settled !== undefined);
    return { ...settled, tookMs: clock.now() - startMs };
  };
  return { table, clock, run };
}

const key = (sk: string): Key => ({ pk: 'P', sk });
const put = (sk: string, fields: Record<string, unknown> = {}): Write => ({
  op: 'put',
  row: { ...key(sk), ...fields },
});
const sks = ['a', 'b', 'c', 'd', 'e', 'f'];

/** Changes all rows in one transaction again and again, each time to the next number, which each row holds. */
async function changeRepeatedly({ table, clock }: ReturnType<typeof createTable>, untilMs: number) {
  for (let number = 1; clock.now() < untilMs; number++) {
    await table.rows.write(
      sks.map((sk) => put(sk, { number })),
      'token',
    );
    await clock.sleep(0.3);
  }
}

describe('a simulated table', () => {
  storeContract('simulated', () => {
    // The contract names deadlines by the time of the machine.
    const { table, clock } = createTable({}, 1, Date.now());
    const done = <T>(work: Promise<T>): Promise<T> => {
      let hasSettled = false;
      const settle = () => {
        hasSettled = true;
      };
      work.then(settle, settle);
      return clock.runUntil(() => hasSettled).then(() => work);
    };
    const advancing = (store: Store): Store => ({
      withDeadline: (deadlineMs) => advancing(store.withDeadline(deadlineMs)),
      get: (rowKey) => done(store.get(rowKey)),
      getMany: (keys) => done(store.getMany(keys)),
      query: (query) => done(store.query(query)),
      write: (writes, token) => done(store.write(writes, token)),
    });
    return advancing(table.store);
  });

  test.each([
    ['getMany', ({ table }: ReturnType<typeof createTable>) => table.store.getMany(sks.map(key))],
    ['query', ({ table }: ReturnType<typeof createTable>) => table.store.query({ partition: 'P' })],
  ])('shows other transactions between the rows of one %s', async (_, read) => {
    const seen = new Set<number>();
    for (let seed = 1; seed <= 20; seed++) {
      const simulated = createTable({}, seed);
      await simulated.table.rows.write(
        sks.map((sk) => put(sk, { number: 0 })),
        'token',
      );
      void changeRepeatedly(simulated, simulated.clock.now() + 20);
      const { result = [] } = await simulated.run(read(simulated));
      expect(result.map((row) => row?.sk)).toEqual(sks);
      seen.add(new Set(result.map((row) => row?.['number'])).size);
    }
    // No read is a snapshot, and the rows are read at up to four moments.
    expect(Math.max(...seen)).toBeGreaterThan(1);
    expect(Math.max(...seen)).toBeLessThanOrEqual(4);
  });

  test('returns a row that is named twice as it was at one moment', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const simulated = createTable({ readSpreadMs: 10 }, seed);
      void changeRepeatedly(simulated, simulated.clock.now() + 20);
      const { result = [] } = await simulated.run(simulated.table.store.getMany(['a', 'b', 'a'].map(key)));
      expect(result[0]).toBe(result[2]);
    }
  });

  test('spreads a read over a longer time if a fault says so', async () => {
    const { table, run } = createTable({ readSpreadMs: 1000 });
    const { tookMs } = await run(table.store.getMany(sks.map(key)));
    expect(tookMs).toBeGreaterThan(100);
    expect(tookMs).toBeLessThan(1003);
  });

  test('takes as long to refuse a write as to do it', async () => {
    const faults: Faults = {};
    const { table, run } = createTable(faults);
    const write = (...writes: Write[]) => run(table.store.write(writes, 'token'));
    const done = await write(put('a', { version: 1 }));
    const refused = await write({ op: 'put', row: { ...key('a') }, when: absent });
    faults.chaos = { transaction_conflict: 1 };
    const conflicting = await write(put('b'));
    expect(done).not.toHaveProperty('error');
    expect(refused.error).toBeInstanceOf(WriteRefused);
    expect(conflicting.error).toMatchObject({ reasons: [{ kind: 'conflict' }] });
    for (const { tookMs } of [done, refused, conflicting]) {
      expect(tookMs).toBeGreaterThanOrEqual(1);
      expect(tookMs).toBeLessThanOrEqual(2);
    }
  });

  test('that throttles refuses reads and writes after the retries of the SDK, and writes nothing', async () => {
    const { table, run } = createTable({ tableFails: () => 'throttles' });
    const read = await run(table.store.get(key('a')));
    expect(read.error).toBeInstanceOf(Busy);
    const written = await run(table.store.write([put('a'), put('b')], 'token'));
    expect(written.error).toMatchObject({ reasons: [{ kind: 'throttled' }, { kind: 'throttled' }] });
    expect([read.tookMs, written.tookMs]).toEqual([200, 200]);
    expect(table.rows.all()).toEqual([]);
  });

  test('that hangs makes a read fail when the client gives up', async () => {
    const { table, run } = createTable({ tableFails: () => 'hangs' });
    const { error, tookMs } = await run(table.store.getMany([key('a')]));
    expect(error).toBeInstanceOf(Busy);
    expect(tookMs).toBe(CLIENT_GIVES_UP_MS);
  });

  test('that hangs may do a write before or after the client gives up, or never', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { table, clock, run } = createTable({ tableFails: () => 'hangs' }, seed);
      const { error, tookMs } = await run(table.store.write([put('a')], 'token'));
      expect(error).toMatchObject({ reasons: [{ kind: 'no_response' }] });
      expect(tookMs).toBe(CLIENT_GIVES_UP_MS);
      const isDone = () => table.rows.all().length === 1;
      const wasDone = isDone();
      await clock.runUntil(() => table.isIdle);
      outcomes.add(wasDone ? 'before' : isDone() ? 'after' : 'never');
    }
    expect([...outcomes].sort()).toEqual(['after', 'before', 'never']);
  });

  test('whose first response is lost does a transaction once, since the SDK repeats it under its token', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const { table, run } = createTable({ tableFails: () => 'repeats' }, seed);
      const writes: Write[] = [
        { op: 'put', row: { ...key('a') }, when: absent },
        { op: 'put', row: { ...key('b') }, when: absent },
      ];
      const { error, tookMs } = await run(table.store.write(writes, 'token'));
      expect(error).toBeUndefined();
      expect(tookMs).toBeGreaterThan(3000);
      expect(table.rows.all()).toHaveLength(2);
    }
  });

  test('whose first response is lost may refuse the repeated write of one row because of the first', async () => {
    const outcomes = new Set<string>();
    for (let seed = 1; seed <= 20; seed++) {
      const { table, run } = createTable({ tableFails: () => 'repeats' }, seed);
      const { error } = await run(table.store.write([{ op: 'put', row: { ...key('a') }, when: absent }], 'token'));
      expect(table.rows.all()).toHaveLength(1);
      if (error) expect(error).toMatchObject({ reasons: [{ kind: 'condition' }], mayBeWritten: true });
      outcomes.add(error ? 'refused' : 'done');
    }
    expect([...outcomes].sort()).toEqual(['done', 'refused']);
  });

  test('ends its calls at their deadline', async () => {
    const faults: Faults = { tableFails: () => 'hangs' };
    const { table, clock, run } = createTable(faults);
    const startMs = clock.now();
    const read = await run(table.store.withDeadline(startMs + 700).get(key('a')));
    expect(read).toMatchObject({ error: { name: 'Busy' }, tookMs: 700 });
    const write = (deadlineMs: number) => run(table.store.withDeadline(deadlineMs).write([put('a')], 'token'));
    expect(await write(startMs + 1700)).toMatchObject({ error: { reasons: [{ kind: 'no_response' }] }, tookMs: 1000 });
    // Nothing is sent after the deadline, so the outcome is known.
    expect(await write(startMs + 1700)).toMatchObject({ error: { name: 'Busy' }, tookMs: 0 });
  });

  test('may do a write whose response comes after the deadline', async () => {
    const outcomes = new Set<unknown>();
    for (let seed = 1; seed <= 20; seed++) {
      const { table, clock, run } = createTable({}, seed);
      const { error } = await run(table.store.withDeadline(clock.now() + 1.2).write([put('a')], 'token'));
      outcomes.add(`${error ? 'no response' : 'response'}, ${table.rows.all().length} written`);
    }
    expect([...outcomes].sort()).toEqual(['no response, 1 written', 'response, 1 written']);
  });

  test('refuses a late write whose condition no longer holds', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const faults: Faults = { tableFails: () => 'hangs' };
      const { table, clock, run } = createTable(faults, seed);
      await table.rows.write([put('a', { version: 1 })], 'token');
      const late: Write = { op: 'update', key: key('a'), set: { version: 2, writer: 'late' }, when: versionIs(1) };
      await run(table.store.write([late], 'token'));
      const before = (await table.rows.get(key('a'))) as Row;
      await table.rows.write([put('a', { version: Number(before['version']) + 1, writer: 'second' })], 'token');
      await clock.runUntil(() => table.isIdle);
      expect(await table.rows.get(key('a'))).toMatchObject({ writer: 'second' });
    }
  });

  test('names the table, the operation and the time of a call that may fail', async () => {
    const calls: unknown[] = [];
    const { table, clock, run } = createTable({ tableFails: (call) => void calls.push(call) });
    const nowMs = clock.now();
    await run(table.store.get(key('a')));
    expect(calls).toEqual([{ table: 'orders', operation: 'get', nowMs }]);
  });
});
