import * as z from 'zod/mini';

const set = z.string().check(z.minLength(1));

export const OrdersEnv = z.object({ ORDERS_TABLE: set });
