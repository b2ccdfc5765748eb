import type { OrderPrice } from '../../lambdas/orders/placement.ts';
import { noon } from './fixtures.ts';

/** Returns the price of one item, as the catalog decides it at noon without rules. */
export const orderPrice = (total: number): OrderPrice => ({
  rules_version: 0,
  total,
  lines: [{ list_price: total, price: total, amount: total, rules: [] }],
  decidedMs: noon,
});

/** For orders without items: their price is never asked for. */
export const noPrice = (): Promise<never> => Promise.reject(new Error('an order without items has no price'));
