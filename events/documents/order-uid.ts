import * as z from 'zod/mini';

/** What a publisher calls an order document. A part of keys, events' ids and paths, so it may hold no `#`, `:` or `/`. */
export const OrderUid = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._-]{0,63}$/, 'letters, digits and . _ - only, at most 64'));
