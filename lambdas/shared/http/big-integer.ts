import * as z from 'zod/mini';

/** TypeScript's library has no type for `JSON.rawJSON` yet. */
const { rawJSON } = JSON as unknown as { rawJSON(digits: string): object };

/** A sum of money in a response. It is sent with all digits, also above 2^53, where a reader's number may round it. */
export const BigInteger = z.custom<object>().register(z.globalRegistry, { type: 'integer' });

export const toBigInteger = (value: bigint): object => rawJSON(String(value));
