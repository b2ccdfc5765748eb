import * as z from 'zod/mini';

// Money is an integer in minor units.

/** The maximum of a balance. It is so far below 2^53 that the sum of any two balances is exact. */
export const MAX_BALANCE = 1_000_000_000_000_000;
export const MAX_AMOUNT = 1_000_000_000_000;

/** The amount of one deposit or one order. */
export const Amount = z.int().check(z.gte(1), z.lte(MAX_AMOUNT));

/** A balance, or a signed change of a balance. */
export const Money = z.int();
