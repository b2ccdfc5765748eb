import * as z from 'zod/mini';

/**
 * The publisher's id of an order document. It is part of keys, event ids and paths, so `#`, `:` and `/` are excluded.
 */
export const OrderUid = z
  .string()
  .check(
    z.regex(
      /^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/,
      'must have at most 64 letters, digits or . _ - and start with a letter or digit',
    ),
  );
