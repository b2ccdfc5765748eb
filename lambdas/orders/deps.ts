import type { Item } from '../../events/items.ts';
import { quote } from '../catalog/quote.ts';
import { type Submission, submit } from '../documents/submit.ts';
import { tableReader, tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { OrdersApiEnv, OrdersEnv, SweepEnv } from './env.ts';
import { type OrderStore, orderStore } from './order-store.ts';
import { type OrderTrail, orderTrail } from './order-trail.ts';

/** What this context's handlers stand on, for one call. */
export type OrdersDeps = { orders: OrderStore };

/**
 * The doors see two things of others: the price of what is ordered, and what became of an order elsewhere. Documents
 * come in by the same door, and are handed on.
 */
export type OrdersDoors = OrdersDeps & {
  price: (items: readonly Item[]) => Promise<number>;
  trail: (id: string) => Promise<OrderTrail>;
  submit: (submission: Submission) => Promise<void>;
};

export const ordersDeps = () => {
  const store = tableStore(readEnv(OrdersEnv).ORDERS_TABLE);
  return ({ deadline }: Patience): OrdersDeps => ({ orders: orderStore({ store, clock: systemClock, deadline }) });
};

export const ordersDoors = () => {
  const { ORDERS_TABLE, CATALOG_TABLE, PAYMENTS_TABLE, TICKETS_TABLE, DOCUMENTS_TABLE } = readEnv(OrdersApiEnv);
  const deps = ordersDeps();
  const catalog = tableReader(CATALOG_TABLE);
  const documents = tableStore(DOCUMENTS_TABLE);
  const tables = [ORDERS_TABLE, PAYMENTS_TABLE, TICKETS_TABLE].map(tableReader);
  return (call: Patience): OrdersDoors => ({
    ...deps(call),
    price: async (items) => (await quote(catalog, items)).total,
    trail: (id) => orderTrail(tables, id),
    submit: (submission) => submit({ store: documents, clock: systemClock, deadline: call.deadline }, submission),
  });
};

export const sweepDeps = () => {
  const deps = ordersDeps();
  const stuckAfterMinutes = Number(readEnv(SweepEnv).STUCK_AFTER_MINUTES);
  return (call: Patience) => ({ ...deps(call), stuckAfterMinutes });
};
