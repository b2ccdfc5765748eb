import { OrderCreated } from '../../events/orders/order-created.ts';
import { orderKey } from '../../lambdas/orders/order-row.ts';
import { orderStore } from '../../lambdas/orders/order-store.ts';
import { accountStore } from '../../lambdas/payments/account-store.ts';
import { paymentKey } from '../../lambdas/payments/entry-row.ts';
import { paymentStore } from '../../lambdas/payments/payment-store.ts';
import type { MessageContext } from '../../lambdas/shared/messaging/receipt.ts';
import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import type { UnitOfWork } from '../../lambdas/shared/store/commit.ts';
import { keyOfWrite, type Store, versionIs } from '../../lambdas/shared/store/store.ts';
import { type MemoryStore, overrideStore } from './memory-store.ts';
import { noPrice } from './order-price.ts';

interface Options {
  readonly orders: MemoryStore;
  readonly payments: MemoryStore;
  readonly count: number;
  /** The time of the first order. Each further one is a second later. */
  readonly startMs: number;
}

const USERS = 50;
const DEPOSIT = 100_000;
const SECOND_MS = 1000;
const deadlineMs = Number.POSITIVE_INFINITY;
const context = {
  deadlineMs,
  createReceipt: () => ({}),
  messageIdOf: () => '-',
  receiveCountOf: () => 1,
} satisfies MessageContext;
const createIdentity = () => ({ id: createRandomId(), body_hash: 'hash', hasKey: false });

/** Leaves out the outbox records, so that nothing is published and the orders have ended. */
const withoutOutbox = (table: Store): Store =>
  overrideStore(table, {
    write: (writes, token) =>
      table.write(
        writes.filter((write) => !keyOfWrite(write).sk.startsWith('OUTBOX#')),
        token,
      ),
  });

/** Writes orders with their payments by the stores of their contexts. Users run out of money, so some are declined. */
export async function writeOrders({ orders, payments, count, startMs }: Options): Promise<void> {
  let now = startMs;
  const clock = { now: () => now, sleep: async () => undefined, random: () => 0.5 };
  const workOf = (table: MemoryStore): UnitOfWork => ({ store: withoutOutbox(table), clock, deadlineMs });
  const [shop, ledger, accounts] = [
    orderStore(workOf(orders)),
    paymentStore(workOf(payments)),
    accountStore(workOf(payments)),
  ];
  for (let user = 0; user < USERS; user++) {
    await accounts.open({ user_id: `u${user}` }, createIdentity(), 'request');
    await accounts.deposit({ user_id: `u${user}`, amount: DEPOSIT }, createIdentity(), 'request');
  }
  for (let index = 0; index < count; index++, now += SECOND_MS) {
    const order = { user_id: `u${index % USERS}`, amount: 1 + (index % 997), description: `=order "${index}", first` };
    const request = { order, identity: createIdentity(), correlationId: 'request', quotePrice: noPrice };
    const { order: placed } = await shop.place(request);
    const created = OrderCreated.make(
      { order_id: placed.id, user_id: order.user_id, amount: order.amount, created_at: placed.created_at },
      { time: placed.created_at, correlation_id: placed.id, causation_id: 'request' },
    );
    await ledger.pay([created], context);
    const decision = await payments.get(paymentKey(placed.id));
    const state =
      decision?.['decision'] === 'authorized'
        ? { status: 'FINISHED' }
        : { status: 'CANCELLED', reason: 'insufficient_funds' };
    const set = { state, version: placed.version + 1 };
    await orders.write([{ op: 'update', key: orderKey(placed.id), set, when: versionIs(placed.version) }], 'end');
  }
}
