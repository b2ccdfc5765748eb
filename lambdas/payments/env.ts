import * as z from 'zod/mini';

const set = z.string().check(z.minLength(1));

export const PaymentsEnv = z.object({ PAYMENTS_TABLE: set });
