import { describe, expect, test } from 'vitest';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { apply } from '../../../lambdas/orders/order.ts';
import { orderStore } from '../../../lambdas/orders/order-store.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import type { Query, Store } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';
import { noPrice } from '../../support/order-price.ts';

const orderId = (letter: string) => letter.repeat(26);
const declined = (letter: string) =>
  PaymentDeclined.make(
    { order_id: orderId(letter), user_id: 'alice', amount: 10, reason: 'insufficient_funds' },
    { time: new Date(noon).toISOString(), correlation_id: orderId(letter), causation_id: 'test' },
  );

const LIMIT_MINUTES = 2;
const MINUTE_MS = 60_000;

/** Creates a store with orders that are placed at noon, and helpers that run sweeps at chosen times. */
async function ordersPlacedAtNoon(letters: string, indexLagMs = 0) {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now, indexLagMs: () => indexLagMs });
  const reads = { orders: [] as string[], queries: 0 };
  let isFailing: (query: Query) => boolean = () => false;
  const store: Store = overrideStore(table, {
    getMany: (keys) => {
      reads.orders.push(...keys.filter(({ sk }) => sk === 'STATE').map(({ pk }) => pk));
      return table.getMany(keys);
    },
    query: async (query) => {
      reads.queries += 1;
      if (isFailing(query)) throw new Error('the index is unavailable');
      return table.query(query);
    },
  });
  const orders = orderStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY });
  for (const letter of letters)
    await orders.place({
      order: { user_id: 'alice', amount: 10 },
      identity: { id: orderId(letter), body_hash: 'hash', hasKey: false },
      correlationId: 'request',
      quotePrice: noPrice,
    });
  const decline = (letter: string) =>
    orders.change(declined(letter), apply, {
      deadlineMs: Number.POSITIVE_INFINITY,
      createReceipt: () => ({}),
      messageIdOf: () => 'm1',
      receiveCountOf: () => 1,
    });
  /** Sweeps this long after the minute has ended. Returns the result, the orders that were read and the query count. */
  const sweepAfter = async (minutes: number) => {
    clock.pass(noon + (minutes + 1) * MINUTE_MS - clock.now());
    Object.assign(reads, { orders: [], queries: 0 });
    const result = await orders.nudgeStuck(clock.now(), LIMIT_MINUTES);
    return { ...result, ordersRead: reads.orders.map((pk) => pk.slice(-1)).sort(), queries: reads.queries };
  };
  const nudgesOf = (letter: string) =>
    table
      .all()
      .filter(({ pk, sk }) => pk === `ORDER#${orderId(letter)}` && sk.startsWith('OUTBOX#'))
      .flatMap(parseOutboxRecord)
      .flatMap(({ nudge }) => nudge ?? []);
  const failQueries = (predicate: typeof isFailing) => {
    isFailing = predicate;
  };
  return { table, decline, sweepAfter, nudgesOf, failQueries };
}

describe('the sweep', () => {
  test('reads ended orders until their minute is marked as done, and then never again', async () => {
    const { decline, sweepAfter } = await ordersPlacedAtNoon('abc');
    for (const letter of 'abc') await decline(letter);
    const readAfter = [];
    for (const minutes of [1, 2, 3, 4, 8, 16, 32, 64, 512, 872, 1232])
      if ((await sweepAfter(minutes)).ordersRead.length === 3) readAfter.push(minutes);
    expect(readAfter).toEqual([2, 4, 8]);
  });

  test('nudges a waiting order at each doubling, and skips its minute once the order has ended', async () => {
    const { decline, sweepAfter, nudgesOf } = await ordersPlacedAtNoon('ab');
    await decline('b');
    for (const minutes of [2, 4, 8, 16, 32])
      expect(await sweepAfter(minutes)).toMatchObject({ stuck: 1, ordersRead: ['a', 'b'] });
    expect(new Set(nudgesOf('a')).size).toBe(5);
    expect(nudgesOf('b')).toEqual([]);
    await decline('a');
    expect(await sweepAfter(64)).toMatchObject({ stuck: 0, ordersRead: ['a', 'b'] });
    expect(await sweepAfter(128)).toMatchObject({ stuck: 0, ordersRead: [] });
  });

  test('counts an order as stuck for long after three nudges without success', async () => {
    const { sweepAfter } = await ordersPlacedAtNoon('ab');
    for (const minutes of [2, 4, 8]) expect(await sweepAfter(minutes)).toMatchObject({ stuck: 2, stuckForLong: 0 });
    for (const minutes of [16, 32, 256, 872])
      expect(await sweepAfter(minutes)).toMatchObject({ stuck: 2, stuckForLong: 2 });
  });

  test('finds an order that appeared late in the index or was missed by earlier sweeps', async () => {
    const late = await ordersPlacedAtNoon('a', 6 * MINUTE_MS);
    for (const minutes of [2, 4]) expect(await late.sweepAfter(minutes)).toMatchObject({ stuck: 0 });
    expect(await late.sweepAfter(8)).toMatchObject({ stuck: 1 });
    const missed = await ordersPlacedAtNoon('a');
    expect(await missed.sweepAfter(16)).toMatchObject({ stuck: 1, stuckForLong: 1 });
  });

  test('queries an empty minute once, unless the index may still lag', async () => {
    const { sweepAfter } = await ordersPlacedAtNoon('');
    await sweepAfter(70);
    // Only the minutes that ended two and four minutes ago are queried again, in four partitions each.
    expect(await sweepAfter(70)).toMatchObject({ stuck: 0, queries: 2 * 4 });
  });

  test('counts an order with an unreadable row as waiting, and nudges the others', async () => {
    const { table, sweepAfter, nudgesOf } = await ordersPlacedAtNoon('ab');
    const key = { pk: `ORDER#${orderId('a')}`, sk: 'STATE' };
    await table.write([{ op: 'put', row: { ...key, state: 'invalid' } }], 'token');
    for (const minutes of [8, 16]) expect(await sweepAfter(minutes)).toMatchObject({ stuck: 2 });
    expect(nudgesOf('a')).toEqual([]);
    expect(nudgesOf('b')).toHaveLength(2);
  });

  test('nudges all orders that it can read when a partition of the index fails, and then throws', async () => {
    const { sweepAfter, nudgesOf, failQueries } = await ordersPlacedAtNoon('abcd');
    // The orders b and d are in this partition, a and c are not.
    failQueries(({ partition }) => partition.endsWith('#0'));
    await expect(sweepAfter(8)).rejects.toThrow('the index is unavailable');
    expect([...'abcd'].filter((letter) => nudgesOf(letter).length > 0)).toEqual(['a', 'c']);
    failQueries(() => false);
    expect(await sweepAfter(16)).toMatchObject({ stuck: 4 });
  });
});
