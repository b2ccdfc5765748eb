import * as z from 'zod/mini';

export const Sku = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must have at most 64 letters, digits or . _ - and start with a letter or digit',
    ),
  );
export const Seat = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,31}$/,
      'must have at most 32 letters, digits or . _ - and start with a letter or digit',
    ),
  );

const MAX_LINES = 20;
const MAX_QUANTITY = 20;

/** A line of an order: a quantity of a product, or one seat of it by name. */
export const Item = z
  .strictObject({ sku: Sku, quantity: z.int().check(z.gte(1), z.lte(MAX_QUANTITY)), seat: z.optional(Seat) })
  .check(
    z.refine(
      ({ quantity, seat }) => seat === undefined || quantity === 1,
      'must have the quantity 1 if it names a seat',
    ),
  );
export type Item = z.infer<typeof Item>;

const seatKeysOf = (items: readonly Item[]): string[] =>
  items.flatMap(({ sku, seat }) => (seat === undefined ? [] : [JSON.stringify([sku, seat])]));

/** The lines of an order. */
export const Items = z.array(Item).check(
  z.minLength(1),
  z.maxLength(MAX_LINES),
  z.refine((items) => new Set(seatKeysOf(items)).size === seatKeysOf(items).length, 'must name each seat only once'),
);
