import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { UserId } from '../ids.ts';
import { Money } from '../money.ts';

/** Members of the update programme stand in chunks, numbered from 0. An account never changes its chunk. */
export const Chunk = z.int().check(z.gte(0));

/** A chunk holds so many members: with each of their accounts a transaction has room for three items more. */
export const CHUNK_SIZE = 97;

/** A balance as it is after one change; each change of an account is a new version. */
export const AccountBalance = z.object({ user_id: UserId, balance: Money, version: z.int().check(z.gte(1)) });
export type AccountBalance = z.infer<typeof AccountBalance>;

/** Balances that one ledger entry changed, each with its version: whoever has a newer one leaves this one be. */
export const BalancesUpdated = defineEvent(
  'payments',
  'BalancesUpdated',
  1,
  z.object({
    /** The journal entry, or for several of one account the last of them. */
    entry_id: z.string(),
    chunk: z.optional(Chunk),
    balances: z.array(AccountBalance).check(z.minLength(1), z.maxLength(CHUNK_SIZE)),
  }),
  (update) => update.entry_id,
);
export type BalancesUpdated = z.infer<typeof BalancesUpdated.schema>;
