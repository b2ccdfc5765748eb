import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { OrdersEnv } from './env.ts';
import { type OrderStore, orderStore } from './order-store.ts';

/** What this context's handlers stand on, for one call. */
export type OrdersDeps = { orders: OrderStore };

export const ordersDeps = () => {
  const store = tableStore(readEnv(OrdersEnv).ORDERS_TABLE);
  return ({ deadline }: Patience): OrdersDeps => ({ orders: orderStore({ store, clock: systemClock, deadline }) });
};
