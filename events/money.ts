import * as z from 'zod/mini';

/** Money is an integer in minor units. No balance may pass this; it leaves room below 2^53 for every sum of two. */
export const MAX_BALANCE = 1_000_000_000_000_000;
export const MAX_AMOUNT = 1_000_000_000_000;

/** What a person may pay in or spend at once. */
export const Amount = z.int().check(z.gte(1), z.lte(MAX_AMOUNT));

/** A balance or a signed change of one. */
export const Money = z.int();
