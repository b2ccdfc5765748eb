import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Call } from '../shared/receipt.ts';
import { OrdersEnv } from './env.ts';
import { type OrderStore, orderStore } from './order-store.ts';

/** What this context's handlers stand on, for one call. */
export type OrdersDeps = { orders: OrderStore };
export type SagaDeps = OrdersDeps & { call: Call };

export const ordersDeps = () => {
  const store = tableStore(readEnv(OrdersEnv).ORDERS_TABLE);
  return ({ deadline }: Pick<Call, 'deadline'>): OrdersDeps => ({
    orders: orderStore({ store, clock: systemClock, deadline }),
  });
};

export const sagaDeps = () => {
  const deps = ordersDeps();
  return (call: Call): SagaDeps => ({ ...deps(call), call });
};
