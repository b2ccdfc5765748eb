import { describe, expect, test } from 'vitest';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { apply } from '../../../lambdas/orders/order.ts';
import { orderStore } from '../../../lambdas/orders/order-store.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import type { Query, Store } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';

const orderId = (letter: string) => letter.repeat(26);
const declined = (letter: string) =>
  PaymentDeclined.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, reason: 'insufficient_funds' },
    { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'test' },
  );

const LIMIT = 2;
const MINUTE_MS = 60_000;

/** Orders that were placed at noon, and sweeps that run when a test says so. */
async function ordersOf(letters: string, indexLagMs = 0) {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now, indexLagMs: () => indexLagMs });
  const looked = { states: [] as string[], asked: 0 };
  let trouble: (query: Query) => boolean = () => false;
  const store: Store = {
    ...table,
    getMany: (keys) => {
      looked.states.push(...keys.filter(({ sk }) => sk === 'STATE').map(({ pk }) => pk));
      return table.getMany(keys);
    },
    query: async (query) => {
      looked.asked += 1;
      if (trouble(query)) throw new Error('the index is away');
      return table.query(query);
    },
  };
  const orders = orderStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY });
  for (const letter of letters)
    await orders.place(
      { user_id: 'alice', amount: 10 },
      { id: orderId(letter), body_hash: 'hash', hasKey: false },
      'request',
      async () => 0,
    );
  const end = (letter: string) =>
    orders.change(declined(letter), apply, {
      deadlineMs: Number.POSITIVE_INFINITY,
      createReceipt: () => ({}),
      messageIdOf: () => 'm1',
    });
  /** So long after the minute is over: what was found, which states were read, and how often the index was asked. */
  const sweepAt = async (minutes: number) => {
    clock.pass(noon + (minutes + 1) * MINUTE_MS - clock.now());
    Object.assign(looked, { states: [], asked: 0 });
    const found = await orders.nudgeStuck(clock.now(), LIMIT);
    return { ...found, states: looked.states.map((pk) => pk.slice(-1)).sort(), asked: looked.asked };
  };
  const nudges = (letter: string) =>
    table
      .all()
      .filter(({ pk, sk }) => pk === `ORDER#${orderId(letter)}` && sk.startsWith('OUTBOX#'))
      .flatMap(parseOutboxRecord)
      .flatMap(({ nudge }) => nudge ?? []);
  const fail = (when: typeof trouble) => {
    trouble = when;
  };
  return { table, end, sweepAt, nudges, fail };
}

describe('the sweep', () => {
  test('reads orders that have ended until their minute is known to be over, and never again', async () => {
    const { end, sweepAt } = await ordersOf('abc');
    for (const letter of 'abc') await end(letter);
    const readAt = [];
    for (const minutes of [1, 2, 3, 4, 8, 16, 32, 64, 512, 872, 1232])
      if ((await sweepAt(minutes)).states.length === 3) readAt.push(minutes);
    expect(readAt).toEqual([2, 4, 8]);
  });

  test('asks after an order at each doubling, as long as it waits, and then leaves its minute alone', async () => {
    const { end, sweepAt, nudges } = await ordersOf('ab');
    await end('b');
    for (const minutes of [2, 4, 8, 16, 32])
      expect(await sweepAt(minutes)).toMatchObject({ stuck: 1, states: ['a', 'b'] });
    expect(new Set(nudges('a')).size).toBe(5);
    expect(nudges('b')).toEqual([]);
    await end('a');
    expect(await sweepAt(64)).toMatchObject({ stuck: 0, states: ['a', 'b'] });
    expect(await sweepAt(128)).toMatchObject({ stuck: 0, states: [] });
  });

  test('says which have been late for long: asked after three times, and in vain', async () => {
    const { sweepAt } = await ordersOf('ab');
    for (const minutes of [2, 4, 8]) expect(await sweepAt(minutes)).toMatchObject({ stuck: 2, stuckForLong: 0 });
    for (const minutes of [16, 32, 256, 872])
      expect(await sweepAt(minutes)).toMatchObject({ stuck: 2, stuckForLong: 2 });
  });

  test('finds an order that the index showed late, or that other sweeps have missed', async () => {
    const late = await ordersOf('a', 6 * MINUTE_MS);
    for (const minutes of [2, 4]) expect(await late.sweepAt(minutes)).toMatchObject({ stuck: 0 });
    expect(await late.sweepAt(8)).toMatchObject({ stuck: 1 });
    const missed = await ordersOf('a');
    expect(await missed.sweepAt(16)).toMatchObject({ stuck: 1, stuckForLong: 1 });
  });

  test('looks once into a minute in which nothing was stated, unless it has only just passed', async () => {
    const { sweepAt } = await ordersOf('');
    await sweepAt(70);
    // the minutes that ended two and four minutes ago, in four partitions each
    expect(await sweepAt(70)).toMatchObject({ stuck: 0, asked: 2 * 4 });
  });

  test('counts an order whose row it cannot read as one that waits, and asks after the others', async () => {
    const { table, sweepAt, nudges } = await ordersOf('ab');
    const key = { pk: `ORDER#${orderId('a')}`, sk: 'STATE' };
    await table.write([{ op: 'put', row: { ...key, state: 'torn' } }], 'token');
    for (const minutes of [8, 16]) expect(await sweepAt(minutes)).toMatchObject({ stuck: 2 });
    expect(nudges('a')).toEqual([]);
    expect(nudges('b')).toHaveLength(2);
  });

  test('asks after all it can where a part of the index is away, and then says so', async () => {
    const { sweepAt, nudges, fail } = await ordersOf('abcd');
    // b and d are in this partition, the others are not
    fail(({ partition }) => partition.endsWith('#0'));
    await expect(sweepAt(8)).rejects.toThrow('the index is away');
    expect([...'abcd'].filter((letter) => nudges(letter).length > 0)).toEqual(['a', 'c']);
    fail(() => false);
    expect(await sweepAt(16)).toMatchObject({ stuck: 4 });
  });
});
