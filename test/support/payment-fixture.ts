import { OrderCreated } from '../../events/orders/order-created.ts';
import { RefundRequested } from '../../events/orders/refund-requested.ts';
import { TickPlanned } from '../../events/payments/tick-planned.ts';
import { accountStore } from '../../lambdas/payments/account-store.ts';
import {
  type OrderCreatedEvent,
  paymentStore,
  type RefundRequestedEvent,
} from '../../lambdas/payments/payment-store.ts';
import type { TickPlannedEvent } from '../../lambdas/payments/update-programme/chunk-store.ts';
import { programmeStore } from '../../lambdas/payments/update-programme/programme-store.ts';
import { parseOutboxRecord } from '../../lambdas/shared/outbox/outbox-record.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from './fixtures.ts';
import { createMemoryStore } from './memory-store.ts';
import { recordWrites } from './recorded-writes.ts';

export const orderId = (letter: string) => letter.repeat(26);
const time = new Date(noon).toISOString();
export const context = {
  deadlineMs: noon + 5000,
  createReceipt: () => ({}),
  messageIdOf: () => '-',
  receiveCountOf: () => 1,
};

export const orderCreated = (letter: string, amount: number, nudge?: string) =>
  OrderCreated.make(
    { order_id: orderId(letter), user_id: 'alice', amount, created_at: time },
    { time, correlation_id: orderId(letter), causation_id: 'request', nudge },
  ) as OrderCreatedEvent;
export const refundRequested = (letter: string, amount: number, nudge?: string) =>
  RefundRequested.make(
    { order_id: orderId(letter), user_id: 'alice', amount, reason: 'requested' },
    { time, correlation_id: orderId(letter), causation_id: 'request', nudge },
  ) as RefundRequestedEvent;
export const tick = '20260101T1200-00';
export const tickPlanned = TickPlanned.make(
  { tick, chunk: 0, due_at: time, deadline_at: new Date(noon + 10_000).toISOString() },
  { time, correlation_id: `tick:${tick}`, causation_id: 'minute' },
) as TickPlannedEvent;
export const identity = (id: string) => ({ id, body_hash: 'hash', hasKey: true });

/** Creates the stores of payments on a table that records its writes. */
export function createPayments() {
  const table = createMemoryStore({ now: () => noon });
  const { store, takeTransactions } = recordWrites(table);
  const storesOn = (work: Store) => {
    const unit = { store: work, clock: createSteppingClock(), deadlineMs: noon + 5000 };
    return { accounts: accountStore(unit), payments: paymentStore(unit), programme: programmeStore(unit) };
  };
  const stores = storesOn(store);
  const { accounts } = stores;
  const open = (user_id: string, programme = false) =>
    accounts.open({ user_id, programme }, identity(`open-${user_id}`), 'request');
  const deposit = (amount: number, id = 'd1') =>
    accounts.deposit({ user_id: 'alice', amount }, identity(id), 'request');
  return { table, takeTransactions, storesOn, ...stores, open, deposit };
}

/** Creates payments with one account, whose writes are not recorded. */
export async function createPaymentsOf(balance: number) {
  const fixture = createPayments();
  await fixture.open('alice');
  await fixture.deposit(balance);
  fixture.takeTransactions();
  const balanceOf = async () => (await fixture.accounts.read('alice')).balance;
  const answers = () =>
    fixture.table
      .all()
      .filter(({ pk, sk }) => pk.startsWith('ORDER#') && sk.startsWith('OUTBOX#'))
      .flatMap(parseOutboxRecord)
      .filter(({ type }) => type.startsWith('Payment'));
  return { ...fixture, balanceOf, answers };
}
