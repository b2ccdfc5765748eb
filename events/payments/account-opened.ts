import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { UserId } from '../ids.ts';
import { Chunk } from './balances-updated.ts';

/** A customer has opened an account, with a balance of zero. An account never changes its chunk. */
export const AccountOpened = defineEvent({
  source: 'payments',
  type: 'AccountOpened',
  version: 1,
  schema: z.object({ user_id: UserId, chunk: z.optional(Chunk) }),
  identityOf: (account) => account.user_id,
});
