import * as z from 'zod/mini';

function nameUpTo(length: number) {
  const message = `must have at most ${length} letters, digits or . _ - and start with a letter or digit`;
  return z.string().check(z.regex(new RegExp(`^[A-Za-z0-9][A-Za-z0-9._-]{0,${length - 1}}$`), message));
}

export const Sku = nameUpTo(64);
export const Seat = nameUpTo(32);

const MAX_LINES = 20;
const MAX_QUANTITY = 20;

const lineFields = {
  sku: Sku,
  quantity: z.int().check(z.gte(1), z.lte(MAX_QUANTITY)),
  seat: z.optional(Seat),
};

interface Line {
  readonly sku: string;
  readonly quantity: number;
  readonly seat?: string | undefined;
}

const oneForEachSeat = z.refine<Line>(
  ({ quantity, seat }) => seat === undefined || quantity === 1,
  'must have the quantity 1 if it names a seat',
);

const seatKeysOf = (lines: readonly Line[]): string[] =>
  lines.flatMap(({ sku, seat }) => (seat === undefined ? [] : [JSON.stringify([sku, seat])]));

const listOf = <L extends Line>(line: z.ZodMiniType<L>) =>
  z.array(line).check(
    z.minLength(1),
    z.maxLength(MAX_LINES),
    z.refine((lines) => new Set(seatKeysOf(lines)).size === seatKeysOf(lines).length, 'must name each seat only once'),
  );

/** A line of an order: a quantity of a product, or one seat of it by name. */
export const Item = z.object(lineFields).check(oneForEachSeat);
export type Item = z.infer<typeof Item>;

/** The lines of an order in events and rows. Fields that only a newer publisher knows are ignored. */
export const Items = listOf(Item);

/** The lines of an order in a request. An unknown field is an error, since the caller expects it to have an effect. */
export const RequestedItems = listOf(z.strictObject(lineFields).check(oneForEachSeat));
