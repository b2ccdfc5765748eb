import { readCart } from '../catalog/cart-row.ts';
import { type QuoteRequest, quote } from '../catalog/quote.ts';
import { type Submission, submit } from '../documents/submit-document.ts';
import type { Deadline } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { unitOfWork } from '../shared/store/commit.ts';
import type { ReadableTable, Store } from '../shared/store/store.ts';
import { depsFactory, lambdaPorts, type TablePorts, tableReader, tableStore } from '../shared/store/tables.ts';
import type { CartToOrder } from './checkout-store.ts';
import { OrdersApiEnv, OrdersEnv, SweepEnv } from './env.ts';
import { type OrderHistory, readOrderHistory } from './order-history.ts';
import { type OrderStore, orderStore } from './order-store.ts';
import type { OrderPrice } from './placement.ts';

/** The API also reads prices and carts from catalog and an order's rows from other contexts, and submits documents. */
export type OrdersApiDeps = {
  orders: OrderStore;
  quotePrice: (request: QuoteRequest) => Promise<OrderPrice>;
  readCart: (userId: string) => Promise<CartToOrder | undefined>;
  historyOf: (id: string) => Promise<OrderHistory>;
  submit: (submission: Submission) => Promise<void>;
};

/** The tables of other contexts that the orders API uses, each through a port of its owner. */
interface OtherTables {
  readonly catalog: ReadableTable;
  readonly payments: ReadableTable;
  readonly tickets: ReadableTable;
  readonly documents: Store;
}

export const createOrdersDeps = (ports: TablePorts) => depsFactory((work) => ({ orders: orderStore(work) }))(ports);

export const createOrdersApiDeps = (
  { store, clock }: TablePorts,
  { catalog, payments, tickets, documents }: OtherTables,
) => {
  const createDeps = createOrdersDeps({ store, clock });
  return (deadline: Deadline): OrdersApiDeps => ({
    ...createDeps(deadline),
    quotePrice: (request) => quote(catalog.withDeadline(deadline.deadlineMs), request, () => clock.now()),
    readCart: (userId) => readCart(catalog.withDeadline(deadline.deadlineMs), userId, () => clock.now()),
    historyOf: (id) =>
      readOrderHistory(
        [store, payments, tickets].map((table) => table.withDeadline(deadline.deadlineMs)),
        id,
      ),
    submit: (submission) => submit(unitOfWork({ store: documents, clock }, deadline), submission),
  });
};

export const ordersDeps = () => createOrdersDeps(lambdaPorts(readEnv(OrdersEnv).ORDERS_TABLE));

export const ordersApiDeps = () => {
  const { ORDERS_TABLE, CATALOG_TABLE, PAYMENTS_TABLE, TICKETS_TABLE, DOCUMENTS_TABLE } = readEnv(OrdersApiEnv);
  return createOrdersApiDeps(lambdaPorts(ORDERS_TABLE), {
    catalog: tableReader(CATALOG_TABLE),
    payments: tableReader(PAYMENTS_TABLE),
    tickets: tableReader(TICKETS_TABLE),
    documents: tableStore(DOCUMENTS_TABLE),
  });
};

export const sweepDeps = () => {
  const createDeps = ordersDeps();
  const stuckAfterMinutes = Number(readEnv(SweepEnv).STUCK_AFTER_MINUTES);
  return (deadline: Deadline) => ({ ...createDeps(deadline), stuckAfterMinutes });
};
