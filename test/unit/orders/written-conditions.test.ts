import { expect, test } from 'vitest';
import type { Envelope } from '../../../events/envelope.ts';
import { PaymentAuthorized } from '../../../events/payments/payment-authorized.ts';
import { TicketIssued } from '../../../events/tickets/ticket-issued.ts';
import { TicketRejected } from '../../../events/tickets/ticket-rejected.ts';
import { orderIdOfCart } from '../../../lambdas/orders/cart-order.ts';
import { apply, type OrderEvent } from '../../../lambdas/orders/order.ts';
import { orderStore } from '../../../lambdas/orders/order-store.ts';
import type { UnitOfWork } from '../../../lambdas/shared/store/commit.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { noPrice, orderPrice } from '../../support/order-price.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

const id = 'a'.repeat(26);
const MINUTE_MS = 60_000;
const cause = { time: new Date(noon).toISOString(), correlation_id: id, causation_id: 'test' };
const paid = PaymentAuthorized.make({ order_id: id, user_id: 'alice', amount: 10, balance_after: 0 }, cause);
const issued = TicketIssued.make({ order_id: id, ticket_id: 't' }, cause);
const rejected = TicketRejected.make({ order_id: id, reason: 'sold_out', sku: 'gig' }, cause);

/** Creates a store of orders that records its writes, with one order that is NEW. */
async function createOrders() {
  const clock = createSteppingClock();
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: clock.now }));
  const work: UnitOfWork = { store, clock, deadlineMs: Number.POSITIVE_INFINITY };
  const orders = orderStore(work);
  await orders.place({
    order: { user_id: 'alice', amount: 10 },
    identity: { id, body_hash: 'hash', hasKey: true },
    correlationId: 'request',
    quotePrice: noPrice,
  });
  const change = (event: Envelope) =>
    orders.change(event as OrderEvent, apply, {
      deadlineMs: work.deadlineMs,
      createReceipt: () => ({}),
      messageIdOf: () => 'm1',
      receiveCountOf: () => 1,
    });
  return { orders, clock, change, takeTransactions };
}

test('an order is placed only if it is absent, without a TTL', async () => {
  const { takeTransactions } = await createOrders();
  expect(takeTransactions()).toEqual([
    [`put ORDER#${id} STATE if absent, decides`, `put ORDER#${id} OUTBOX#OrderCreated:${id} if absent, expires`],
  ]);
});

test('the refusal of a request is written under the key of its order, with an expiry and the version before', async () => {
  const { orders, takeTransactions } = await createOrders();
  takeTransactions();
  const request = {
    order: { user_id: 'alice', amount: 5, items: [{ sku: 'gig', quantity: 1 }] },
    identity: { id: 'r'.repeat(26), body_hash: 'hash', hasKey: true },
    correlationId: 'request',
    quotePrice: async () => ({ rules_version: 0, total: 6, lines: [], decidedMs: noon }),
  };
  for (let repetition = 0; repetition < 2; repetition++)
    await expect(orders.place(request)).rejects.toMatchObject({ code: 'price_changed' });
  const row = `put ORDER#${request.identity.id} STATE`;
  expect(takeTransactions()).toEqual([[`${row} if absent, expires`], [`${row} if version -1, expires`]]);
  await orders.place({ ...request, order: { ...request.order, amount: 6 } });
  expect(takeTransactions()[0]?.[0]).toBe(`${row} if version -2, decides`);
});

test('each transition is written under the version that was read', async () => {
  const { change, takeTransactions } = await createOrders();
  takeTransactions();
  await change(paid);
  await change(rejected);
  expect(takeTransactions()).toEqual([
    [`update ORDER#${id} STATE if version 1`],
    [`update ORDER#${id} STATE if version 2`, `put ORDER#${id} OUTBOX#RefundRequested:${id} if absent, expires`],
  ]);
});

test('a refund is requested only if none was, without a TTL', async () => {
  const { orders, change, takeTransactions } = await createOrders();
  await change(issued);
  takeTransactions();
  const identity = { id: 'request', body_hash: 'hash', hasKey: true };
  await orders.refund({ id, note: undefined, identity, correlationId: 'request' });
  expect(takeTransactions()).toEqual([
    [
      `update ORDER#${id} STATE if version 2`,
      `put ORDER#${id} REFUND if absent`,
      `put ORDER#${id} OUTBOX#RefundRequested:${id} if absent, expires`,
    ],
  ]);
});

test('a waiting order is nudged once for each sweep', async () => {
  const { orders, clock, takeTransactions } = await createOrders();
  takeTransactions();
  clock.pass(3 * MINUTE_MS);
  for (let run = 0; run < 2; run++) await orders.nudgeStuck(clock.now(), 2);
  // The sweep also marks the minutes without waiting orders.
  const nudges = takeTransactions().filter(([write]) => !write?.startsWith('put MINUTE#'));
  expect(nudges).toEqual([
    [`put ORDER#${id} OUTBOX#OrderCreated:${id}#sweep-2026-01-01T12:03 if absent, decides, expires`],
  ]);
});

test('a cart is ordered only if its order and its key are absent', async () => {
  const { orders, takeTransactions } = await createOrders();
  takeTransactions();
  const cart = { user_id: 'alice', cart_id: 'b'.repeat(26), items: [{ sku: 'gig', quantity: 1 }] };
  const checkOut = (key: string, hasKey: boolean) =>
    orders.checkOut({
      user_id: 'alice',
      identity: { id: key, body_hash: 'hash', hasKey },
      correlationId: 'request',
      readCart: async () => cart,
      quotePrice: async () => orderPrice(10),
    });
  await checkOut('key-1', true);
  await checkOut('key-1', true);
  await checkOut('key-2', true);
  await checkOut('random', false);
  const orderId = orderIdOfCart(cart);
  expect(takeTransactions()).toEqual([
    [
      `put ORDER#${orderId} STATE if absent`,
      'put CHECKOUT#key-1 STATE if absent',
      `put ORDER#${orderId} OUTBOX#OrderCreated:${orderId} if absent, expires`,
    ],
    ['put CHECKOUT#key-2 STATE if absent'],
  ]);
});

test('a refused checkout takes its key, and is replaced under its version', async () => {
  const { orders, takeTransactions } = await createOrders();
  takeTransactions();
  const cart = { user_id: 'alice', cart_id: 'b'.repeat(26), items: [{ sku: 'gig', quantity: 1 }] };
  const checkOut = (amount: number) =>
    orders.checkOut({
      user_id: 'alice',
      amount,
      identity: { id: 'key', body_hash: 'hash', hasKey: true },
      correlationId: 'request',
      readCart: async () => cart,
      quotePrice: async () => orderPrice(10),
    });
  for (let time = 0; time < 2; time++) await expect(checkOut(9)).rejects.toMatchObject({ code: 'price_changed' });
  await checkOut(10);
  const [first, second, placed] = takeTransactions();
  expect(first).toEqual(['put CHECKOUT#key STATE if absent, expires']);
  expect(second).toEqual(['put CHECKOUT#key STATE if version -1, expires']);
  expect(placed).toContain('put CHECKOUT#key STATE if version -2');
});
