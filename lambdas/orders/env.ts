import * as z from 'zod/mini';
import { set } from '../shared/env.ts';

export const OrdersEnv = z.object({ ORDERS_TABLE: set });
