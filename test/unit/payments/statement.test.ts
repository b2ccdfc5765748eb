import { describe, expect, test } from 'vitest';
import { TickPlanned } from '../../../events/payments/tick-planned.ts';
import { paymentStore } from '../../../lambdas/payments/payment-store.ts';
import { accountKey } from '../../../lambdas/payments/rows.ts';
import type { StatementLine, StatementPosition } from '../../../lambdas/payments/statement.ts';
import type { TickPlannedEvent } from '../../../lambdas/payments/update-programme/chunk-store.ts';
import { programmeStore } from '../../../lambdas/payments/update-programme/programme-store.ts';
import { seededUser, usersOfGroup } from '../../../lambdas/payments/update-programme/seeding.ts';
import { ticksOf } from '../../../lambdas/payments/update-programme/tick.ts';
import { createRequestIdentity } from '../../../lambdas/shared/http/idempotency.ts';
import { keyOfWrite, type Store, type Write, WriteRefused } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const USER = seededUser(42, 1);
const EARLY = '20260101T1200';

/** One of some members of a chunk, whose ticks and deposits come as a test says; neighbours may be too busy for its ticks. */
async function member(indexLagMs = 0, busyNeighbours = 0) {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now, indexLagMs: () => indexLagMs });
  const busy = new Set(
    usersOfGroup(42, 0, 2 + busyNeighbours)
      .slice(2)
      .map((user) => accountKey(user).pk),
  );
  const store: Store = {
    ...table,
    write: async (writes, token) => {
      const isBulk = writes.filter(({ op }) => op === 'update').length > 1;
      const isRefused = (write: Write) => isBulk && busy.has(keyOfWrite(write).pk);
      if (writes.some(isRefused))
        throw new WriteRefused(writes.map((write) => ({ kind: isRefused(write) ? 'conflict' : 'none' })));
      await table.write(writes, token);
    },
  };
  const unit = { store, clock, deadlineMs: noon + 1e9 };
  const programme = programmeStore(unit);
  const payments = paymentStore(unit);
  const [chunk = 0] = await programme.claim(42, 1);
  await programme.seed(42, chunk, usersOfGroup(42, 0, 3 + busyNeighbours));
  let deposits = 0;
  const deposit = () =>
    payments.deposit(USER, 1_000_000, createRequestIdentity('deposit', USER, String(deposits++), deposits), 'request');
  const tickNamed = (id: string) => {
    const late = new Date(noon + 1e9).toISOString();
    return programme.tick(
      TickPlanned.make(
        { tick: id, chunk, due_at: late, deadline_at: late },
        { time: new Date(noon).toISOString(), correlation_id: 'tick', causation_id: 'minute' },
      ) as TickPlannedEvent,
    );
  };
  const tick = (place: number) => tickNamed(`${EARLY}-${place}`);
  const page = (limit: number, after?: StatementPosition) => payments.statement(USER, { limit, after });
  const whole = async (limit: number) => {
    const lines: StatementLine[] = [];
    let after: StatementPosition | undefined;
    for (let pages = 0; pages < 1000; pages++) {
      const { lines: some, next } = await page(limit, after);
      lines.push(...some);
      if (!next) return lines;
      after = next;
    }
    throw new Error('a statement without an end');
  };
  const { version } = await payments.account(USER).then(() => payments.account(USER));
  expect(version).toBe(1);
  await deposit();
  return { clock, payments, deposit, tick, tickNamed, page, whole };
}

/** The ticks of a few minutes, one every five seconds, as the planner names them. */
const fiveSecondly = (minutes: number): string[] =>
  Array.from({ length: minutes }, (_, minute) =>
    ticksOf(noon + minute * 60_000, { intervalS: 5, chunksPerTick: 'all' }),
  )
    .flat()
    .map(({ id }) => id);

const versions = (lines: readonly StatementLine[]) => lines.map(({ version }) => version);
const down = (from: number) => Array.from({ length: from }, (_, at) => from - at);

describe('a statement', () => {
  test('has the account’s own entries and its shares of its chunk’s, newest first', async () => {
    const { tick, deposit, page } = await member();
    await tick(0);
    await deposit();
    await tick(1);
    const { lines, next } = await page(50);
    expect(lines.map(({ version, reason }) => [version, reason])).toEqual([
      [5, 'tick'],
      [4, 'deposit'],
      [3, 'tick'],
      [2, 'deposit'],
      [1, 'seed'],
    ]);
    expect(next).toBeUndefined();
    expect(lines[0]).toEqual({
      entry_id: `tick:${EARLY}-1:0`,
      amount: expect.any(Number),
      balance_after: expect.any(Number),
      version: 5,
      reason: 'tick',
      ref: `${EARLY}-1`,
      at: new Date(noon).toISOString(),
    });
    for (const [at, line] of lines.entries())
      expect(line.balance_after).toBe(line.amount + (lines[at + 1]?.balance_after ?? 0));
  });

  test.each([1, 2, 3, 7, 50])('is the same in pages of %i', async (limit) => {
    const { tick, deposit, whole } = await member();
    for (let at = 10; at < 40; at++) {
      await tick(at);
      if (at % 3 === 0) await deposit();
    }
    expect(versions(await whole(limit))).toEqual(down(42));
  });

  test.each([1, 4, 50])('misses no tick that was applied after a newer one, in pages of %i', async (limit) => {
    const { tick, whole } = await member();
    for (const place of [13, 11, 12, 10, 16, 15, 14, 19, 17, 18]) await tick(place);
    expect(versions(await whole(limit))).toEqual(down(12));
  });

  test('has every tick of a minute of twelve, in pages of any size', async () => {
    const { tickNamed, whole } = await member();
    const ids = fiveSecondly(6).slice(0, -6);
    for (const id of ids) await tickNamed(id);
    for (let limit = 1; limit <= 80; limit++)
      expect([limit, versions(await whole(limit))]).toEqual([limit, down(2 + ids.length)]);
  });

  test.each([1, 5, 20, 50])('is whole beside neighbours who have their turns alone, in pages of %i', async (limit) => {
    const { tick, whole } = await member(0, 30);
    for (let place = 10; place < 70; place++) await tick(place);
    expect(versions(await whole(limit))).toEqual(down(62));
  });

  test('of which the index has not heard yet lacks those lines for a moment, and no others', async () => {
    const { clock, tick, deposit, page } = await member(1000);
    clock.pass(2000);
    await tick(0);
    await deposit();
    await tick(1);
    expect(versions((await page(50)).lines)).toEqual([5, 3, 2, 1]);
    clock.pass(2000);
    expect(versions((await page(50)).lines)).toEqual(down(5));
  });

  test('ends with its first line, and no page is empty', async () => {
    const { tick, page } = await member();
    await tick(0);
    const first = await page(3);
    expect(versions(first.lines)).toEqual([3, 2, 1]);
    expect(first.next).toBeUndefined();
  });
});
