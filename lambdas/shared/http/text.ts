import * as z from 'zod/mini';

/** Text that every service can carry: well-formed Unicode without U+FFFE and U+FFFF, which SQS refuses. */
export const Text = z
  .string()
  .check(z.refine((text) => text.isWellFormed() && !/[\ufffe\uffff]/.test(text), 'must be well-formed Unicode'));
