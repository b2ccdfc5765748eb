import { describe, expect, test } from 'vitest';
import { TickPlanned } from '../../../events/payments/tick-planned.ts';
import { accountKey } from '../../../lambdas/payments/account-row.ts';
import { accountStore } from '../../../lambdas/payments/account-store.ts';
import type { StatementLine, StatementPosition } from '../../../lambdas/payments/statement.ts';
import type { TickPlannedEvent } from '../../../lambdas/payments/update-programme/chunk-store.ts';
import { programmeStore } from '../../../lambdas/payments/update-programme/programme-store.ts';
import { seededUser, usersOfGroup } from '../../../lambdas/payments/update-programme/seeding.ts';
import { ticksOfMinute } from '../../../lambdas/payments/update-programme/tick.ts';
import { createRequestIdentity } from '../../../lambdas/shared/http/idempotency.ts';
import { keyOfWrite, type Store, type Write, WriteRefused } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const USER = seededUser(42, 1);
const MINUTE = '20260101T1200';

/**
 * Creates a member of a chunk with a seed entry and one deposit. Its chunk has two more members, and busy neighbours
 * whose accounts refuse every bulk entry.
 */
async function createMember({ indexLagMs = 0, busyNeighbours = 0 } = {}) {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now, indexLagMs: () => indexLagMs });
  const busyAccounts = new Set(
    usersOfGroup(42, 0, 2 + busyNeighbours)
      .slice(2)
      .map((user) => accountKey(user).pk),
  );
  const store: Store = overrideStore(table, {
    write: async (writes, token) => {
      const isBulk = writes.filter(({ op }) => op === 'update').length > 1;
      const isRefused = (write: Write) => isBulk && busyAccounts.has(keyOfWrite(write).pk);
      if (writes.some(isRefused))
        throw new WriteRefused(writes.map((write) => ({ kind: isRefused(write) ? 'conflict' : 'none' })));
      await table.write(writes, token);
    },
  });
  const work = { store, clock, deadlineMs: noon + 1e9 };
  const programme = programmeStore(work);
  const accounts = accountStore(work);
  const [chunk = 0] = await programme.reserveChunks(42, 1);
  await programme.seedChunk(42, chunk, usersOfGroup(42, 0, 3 + busyNeighbours));
  let deposits = 0;
  const deposit = () => {
    const identity = createRequestIdentity('deposit', USER, String(deposits++), deposits);
    return accounts.deposit({ user_id: USER, amount: 1_000_000 }, identity, 'request');
  };
  const applyTick = (tick: string) => {
    const due_at = new Date(noon + 1e9).toISOString();
    return programme.applyTick(
      TickPlanned.make(
        { tick, chunk, due_at, deadline_at: due_at },
        { time: new Date(noon).toISOString(), correlation_id: 'tick', causation_id: 'minute' },
      ) as TickPlannedEvent,
    );
  };
  const tick = (index: number) => applyTick(`${MINUTE}-${index}`);
  const readPage = (limit: number, after?: StatementPosition) => accounts.readStatement(USER, { limit, after });
  const readAll = async (limit: number) => {
    const allLines: StatementLine[] = [];
    let after: StatementPosition | undefined;
    for (let pages = 0; pages < 1000; pages++) {
      const { lines, next } = await readPage(limit, after);
      allLines.push(...lines);
      if (!next) return allLines;
      after = next;
    }
    throw new Error('the statement has more than 1000 pages');
  };
  expect(await accounts.read(USER)).toMatchObject({ version: 1 });
  await deposit();
  return { clock, deposit, tick, applyTick, readPage, readAll };
}

/** Returns the ticks of several minutes with an interval of five seconds. */
const fiveSecondTicks = (minutes: number): string[] =>
  Array.from({ length: minutes }, (_, minute) =>
    ticksOfMinute(noon + minute * 60_000, { intervalS: 5, chunksPerTick: 'all' }),
  )
    .flat()
    .map(({ id }) => id);

const versions = (lines: readonly StatementLine[]) => lines.map(({ version }) => version);
const downFrom = (version: number) => Array.from({ length: version }, (_, index) => version - index);

describe('readStatement', () => {
  test('merges the account’s own entries and its changes in bulk entries, newest first', async () => {
    const { tick, deposit, readPage } = await createMember();
    await tick(0);
    await deposit();
    await tick(1);
    const { lines, next } = await readPage(50);
    expect(lines.map(({ version, reason }) => [version, reason])).toEqual([
      [5, 'tick'],
      [4, 'deposit'],
      [3, 'tick'],
      [2, 'deposit'],
      [1, 'seed'],
    ]);
    expect(next).toBeUndefined();
    expect(lines[0]).toEqual({
      entry_id: `tick:${MINUTE}-1:0`,
      amount: expect.any(Number),
      balance_after: expect.any(Number),
      version: 5,
      reason: 'tick',
      ref: `${MINUTE}-1`,
      at: new Date(noon).toISOString(),
    });
    for (const [index, line] of lines.entries())
      expect(line.balance_after).toBe(line.amount + (lines[index + 1]?.balance_after ?? 0));
  });

  test.each([1, 2, 3, 7, 50])('returns the same lines in pages of %i', async (limit) => {
    const { tick, deposit, readAll } = await createMember();
    for (let index = 10; index < 40; index++) {
      await tick(index);
      if (index % 3 === 0) await deposit();
    }
    expect(versions(await readAll(limit))).toEqual(downFrom(42));
  });

  test.each([1, 4, 50])('returns ticks that were applied after newer ones, in pages of %i', async (limit) => {
    const { tick, readAll } = await createMember();
    for (const index of [13, 11, 12, 10, 16, 15, 14, 19, 17, 18]) await tick(index);
    expect(versions(await readAll(limit))).toEqual(downFrom(12));
  });

  test('returns every tick if a minute has twelve, in pages of any size', async () => {
    const { applyTick, readAll } = await createMember();
    const ticks = fiveSecondTicks(6).slice(0, -6);
    for (const tick of ticks) await applyTick(tick);
    for (let limit = 1; limit <= 80; limit++)
      expect([limit, versions(await readAll(limit))]).toEqual([limit, downFrom(2 + ticks.length)]);
  });

  test.each([1, 5, 20, 50])('returns every tick beside neighbours that are deferred, in pages of %i', async (limit) => {
    const { tick, readAll } = await createMember({ busyNeighbours: 30 });
    for (let index = 10; index < 70; index++) await tick(index);
    expect(versions(await readAll(limit))).toEqual(downFrom(62));
  });

  test('lacks only the lines that the index does not have yet, until it has caught up', async () => {
    const { clock, tick, deposit, readPage } = await createMember({ indexLagMs: 1000 });
    clock.pass(2000);
    await tick(0);
    await deposit();
    await tick(1);
    expect(versions((await readPage(50)).lines)).toEqual([5, 3, 2, 1]);
    clock.pass(2000);
    expect(versions((await readPage(50)).lines)).toEqual(downFrom(5));
  });

  test('ends with the first line of the account, without an empty page', async () => {
    const { tick, readPage } = await createMember();
    await tick(0);
    const page = await readPage(3);
    expect(versions(page.lines)).toEqual([3, 2, 1]);
    expect(page.next).toBeUndefined();
  });
});
