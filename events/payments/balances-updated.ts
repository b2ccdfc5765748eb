import * as z from 'zod/mini';
import { defineEvent } from '../envelope.ts';
import { UserId } from '../ids.ts';
import { Money } from '../money.ts';

/** The number of a chunk of the update programme, counted from 0. An account never changes its chunk. */
export const Chunk = z.int().check(z.gte(0));

/** The maximum of accounts in a chunk. A transaction has room for 100 items, so three are left beside the accounts. */
export const CHUNK_SIZE = 97;

/** The balance of an account at one version. Each change of an account is a new version. */
const AccountBalance = z.object({ user_id: UserId, balance: Money, version: z.int().check(z.gte(1)) });

/** An entry has changed these balances. A consumer that has a newer version of an account ignores the older one. */
export const BalancesUpdated = defineEvent({
  source: 'payments',
  type: 'BalancesUpdated',
  version: 1,
  schema: z.object({
    /** The entry, or the last of them if several entries changed one account. */
    entry_id: z.string(),
    chunk: z.optional(Chunk),
    balances: z.array(AccountBalance).check(z.minLength(1), z.maxLength(CHUNK_SIZE)),
  }),
  identityOf: (update) => update.entry_id,
});
export type BalancesUpdated = z.infer<typeof BalancesUpdated.schema>;
