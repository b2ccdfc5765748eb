import * as z from 'zod/mini';

function nameUpTo(length: number) {
  const message = `must have at most ${length} letters, digits or . _ - and start with a letter or digit`;
  return z.string().check(z.regex(new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${length - 1}}$`), message));
}

export const Sku = nameUpTo(64);
export const Seat = nameUpTo(32);

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

export const Items = z.array(Item).check(
  z.minLength(1),
  z.maxLength(MAX_LINES),
  z.refine((items) => new Set(seatKeysOf(items)).size === seatKeysOf(items).length, 'must name each seat only once'),
);
