import type { Item } from '../../events/items.ts';
import { quote } from '../catalog/quote.ts';
import { type Submission, submit } from '../documents/submit-document.ts';
import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { tableReader, tableStore } from '../shared/store/tables.ts';
import { OrdersApiEnv, OrdersEnv, SweepEnv } from './env.ts';
import { type OrderHistory, readOrderHistory } from './order-history.ts';
import { type OrderStore, orderStore } from './order-store.ts';

/** What this context's handlers stand on, for one call. */
export type OrdersDeps = { orders: OrderStore };

/**
 * The doors see two things of others: the price of what is ordered, and what became of an order elsewhere. Documents
 * come in by the same door, and are handed on.
 */
export type OrdersApiDeps = OrdersDeps & {
  priceOf: (items: readonly Item[]) => Promise<number>;
  historyOf: (id: string) => Promise<OrderHistory>;
  submit: (submission: Submission) => Promise<void>;
};

export const ordersDeps = () => {
  const store = tableStore(readEnv(OrdersEnv).ORDERS_TABLE);
  return ({ deadlineMs }: Deadline): OrdersDeps => ({ orders: orderStore({ store, clock: systemClock, deadlineMs }) });
};

export const ordersApiDeps = () => {
  const { ORDERS_TABLE, CATALOG_TABLE, PAYMENTS_TABLE, TICKETS_TABLE, DOCUMENTS_TABLE } = readEnv(OrdersApiEnv);
  const deps = ordersDeps();
  const catalog = tableReader(CATALOG_TABLE);
  const documents = tableStore(DOCUMENTS_TABLE);
  const tables = [ORDERS_TABLE, PAYMENTS_TABLE, TICKETS_TABLE].map(tableReader);
  return (call: Deadline): OrdersApiDeps => ({
    ...deps(call),
    priceOf: async (items) => (await quote(catalog, items)).total,
    historyOf: (id) => readOrderHistory(tables, id),
    submit: (submission) => submit({ store: documents, clock: systemClock, deadlineMs: call.deadlineMs }, submission),
  });
};

export const sweepDeps = () => {
  const deps = ordersDeps();
  const stuckAfterMinutes = Number(readEnv(SweepEnv).STUCK_AFTER_MINUTES);
  return (call: Deadline) => ({ ...deps(call), stuckAfterMinutes });
};
