import { describe, expect, test } from 'vitest';
import { PaymentDeclined } from '../../../events/payments/payment-declined.ts';
import { apply } from '../../../lambdas/orders/order.ts';
import { orderStore } from '../../../lambdas/orders/order-store.ts';
import { type OrderRequest, placeOnce } from '../../../lambdas/orders/place-order-store.ts';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';
import { orderPrice } from '../../support/order-price.ts';

const createRequest = (body_hash: string): OrderRequest => ({
  order: { user_id: 'alice', items: [{ sku: 'disc', quantity: 1 }] },
  identity: { id: 'a'.repeat(26), body_hash, hasKey: true },
  correlationId: 'request',
  quotePrice: async () => orderPrice(10),
});

test('rejects a reused key with 422 if the first order is placed concurrently, without another read', async () => {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock();
  const work = (store: Store) => ({ store, clock, deadlineMs: noon + 5000 });
  let reads = 0;
  const store: Store = overrideStore(table, {
    get: async (key) => {
      reads += 1;
      if (reads > 1) throw new Busy('throttled');
      const row = await table.get(key);
      await placeOnce(work(table), createRequest('first'));
      return row;
    },
  });
  await expect(placeOnce(work(store), createRequest('second'))).rejects.toMatchObject({
    status: 422,
    code: 'idempotency_key_reused',
  });
});

test('returns the order of a concurrent request with the same key', async () => {
  const table = createMemoryStore({ now: () => noon });
  const work = { store: table, clock: createSteppingClock(), deadlineMs: noon + 5000 };
  const placements = await Promise.all([1, 2, 3].map(() => placeOnce(work, createRequest('same'))));
  expect(new Set(placements.map(({ order }) => order.id)).size).toBe(1);
  expect(placements.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(table.all().filter(({ sk }) => sk === 'STATE')).toHaveLength(1);
});

describe('an order with a used key', () => {
  const createOrders = () => {
    const table = createMemoryStore({ now: () => noon });
    const work = { store: table, clock: createSteppingClock(), deadlineMs: noon + 5000 };
    return { table, orders: orderStore(work), place: (request: OrderRequest) => placeOnce(work, request) };
  };
  const withoutItems = (body_hash: string): OrderRequest => ({
    ...createRequest(body_hash),
    order: { user_id: 'alice', amount: 10 },
  });

  test.each([
    ['with items', createRequest],
    ['without items', withoutItems],
  ])('%s is rejected with 422 if its body is another one', async (_, requestOf) => {
    const { place } = createOrders();
    await place(requestOf('first'));
    await expect(place(requestOf('second'))).rejects.toMatchObject({ status: 422, code: 'idempotency_key_reused' });
  });

  test('is returned as it was placed, whatever its state is by now', async () => {
    const { orders, place } = createOrders();
    const first = await place(withoutItems('same'));
    const declined = PaymentDeclined.make(
      { order_id: first.order.id, user_id: 'alice', amount: 10, reason: 'insufficient_funds' },
      { time: new Date(noon).toISOString(), correlation_id: 'x', causation_id: 'y' },
    );
    const context = {
      deadlineMs: noon + 5000,
      createReceipt: () => ({}),
      messageIdOf: () => '-',
      receiveCountOf: () => 1,
    };
    await orders.change(declined, apply, context);
    expect(await place(withoutItems('same'))).toEqual({ order: first.order, replayed: true });
    expect(await orders.get(first.order.id)).toMatchObject({ status: 'CANCELLED' });
  });
});

describe('an order with items', () => {
  const place = (amount: number | undefined) => {
    const request = createRequest('body');
    const work = {
      store: createMemoryStore({ now: () => noon }),
      clock: createSteppingClock(),
      deadlineMs: noon + 5000,
    };
    return placeOnce(work, { ...request, order: { ...request.order, amount } });
  };

  test('costs what its items cost', async () => {
    expect((await place(undefined)).order.amount).toBe(10);
    expect((await place(10)).order.amount).toBe(10);
  });

  test.each([9, 11])('is rejected with the amount %d if its items cost 10', async (amount) => {
    await expect(place(amount)).rejects.toMatchObject({
      status: 409,
      code: 'price_changed',
      members: { quote: { total: 10, rules_version: 0 } },
    });
  });
});
