import * as z from 'zod/mini';

/** A key's parts are joined by `#`, events' ids by `:`, and paths by `/`, so no id may hold one of these. */
export const UserId = z
  .string()
  .check(z.regex(/^[A-Za-z0-9][A-Za-z0-9._@+-]{0,63}$/, 'letters, digits and . _ @ + - only, at most 64'));

/** 26 letters and digits, derived from a request or drawn at random. */
export const OrderId = z.string().check(z.regex(/^[a-z2-7]{26}$/, 'not an id of ours'));
