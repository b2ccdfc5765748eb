import * as z from 'zod/mini';

/** Text that survives every hop: no half of a surrogate pair, and neither of the two letters that SQS refuses. */
export const Text = z
  .string()
  .check(z.refine((text) => text.isWellFormed() && !/[\ufffe\uffff]/.test(text), 'not well-formed text'));
