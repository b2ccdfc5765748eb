import * as z from 'zod/mini';

/** The id of a user. No id may contain `#`, `:` or `/`, since they separate the parts of keys, event ids and paths. */
export const UserId = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/,
      'must have at most 64 letters, digits or . _ @ + - and start with a letter or digit',
    ),
  );

const RandomId = z.string().check(z.regex(/^[a-z2-7]{26}$/, 'must have 26 characters of a-z and 2-7'));

/** The id of an order: 26 characters, derived from a request or random. */
export const OrderId = RandomId;

/** The id of a quote: 26 characters, derived from a request or random. */
export const QuoteId = RandomId;

/** The id of one generation of a cart: 26 random characters. */
export const CartId = RandomId;
