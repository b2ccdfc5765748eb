import * as z from 'zod/mini';
import { CartId, UserId } from '../../events/ids.ts';
import { toIso } from '../shared/runtime/clock.ts';
import type { Cart } from './cart.ts';
import { priceFields } from './price-view.ts';
import type { Price } from './pricing.ts';

export const CartParams = z.strictObject({ user_id: UserId });

/** A cart with the prices of now. An empty cart has no id and no times. */
export const CartView = z.object({
  user_id: UserId,
  cart_id: z.optional(CartId),
  lines: priceFields.lines,
  total: priceFields.total,
  rules_version: z.optional(priceFields.rules_version),
  updated_at: z.optional(z.iso.datetime()),
  expires_at: z.optional(z.iso.datetime()),
});
type CartView = z.infer<typeof CartView>;

export const emptyCart = (user_id: string): CartView => ({ user_id, lines: [], total: 0 });

export const toCartView = (
  { user_id, cart_id, updated_at, expires_at }: Cart,
  { lines, total, rules_version }: Price,
): CartView => ({ user_id, cart_id, lines, total, rules_version, updated_at, expires_at: toIso(expires_at * 1000) });
