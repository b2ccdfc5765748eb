import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { UserId } from '../ids.ts';
import { Chunk } from './balances-updated.ts';

/** A customer has opened an account, with a balance of zero. An account never changes its chunk. */
export const AccountOpened = defineEvent(
  'payments',
  'AccountOpened',
  1,
  z.object({ user_id: UserId, chunk: z.optional(Chunk) }),
  (account) => account.user_id,
);
