import * as z from 'zod/mini';

export const Sku = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits and . _ - only, at most 64'));
export const Seat = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/, 'letters, digits and . _ - only, at most 32'));

const MAX_LINES = 20;
const MAX_QUANTITY = 20;

/** One line of an order: so many of a product, or the one seat of it that has this name. */
export const Item = z
  .strictObject({ sku: Sku, quantity: z.int().check(z.gte(1), z.lte(MAX_QUANTITY)), seat: z.optional(Seat) })
  .check(z.refine(({ quantity, seat }) => seat === undefined || quantity === 1, 'a seat is one'));
export type Item = z.infer<typeof Item>;

const seatKeysOf = (items: readonly Item[]): string[] =>
  items.flatMap(({ sku, seat }) => (seat === undefined ? [] : [JSON.stringify([sku, seat])]));

/** What an order is for. */
export const Items = z.array(Item).check(
  z.minLength(1),
  z.maxLength(MAX_LINES),
  z.refine((items) => new Set(seatKeysOf(items)).size === seatKeysOf(items).length, 'a seat is named twice'),
);
