import { AccountOpened } from '../../../events/payments/account-opened.ts';
import { BalancesUpdated, CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { toIso } from '../../shared/runtime/clock.ts';
import { commit, type UnitOfWork } from '../../shared/store/commit.ts';
import { absent } from '../../shared/store/store.ts';
import { accountKey, putNewAccount } from '../account-row.ts';
import { toBulkRow } from '../entry-row.ts';
import { EXTERNAL_DEPOSITS, openAccount } from '../ledger.ts';
import { postBulk } from './bulk-ledger.ts';
import { addMembers, chunkKey, parseMembers, seedKey } from './chunk-row.ts';
import { drawInitialBalance } from './tick.ts';

/** Returns the id of a seed's user, for example `u42-000017`. The numbers start at 1. */
export const seededUser = (seed: number, number: number): string => `u${seed}-${String(number).padStart(6, '0')}`;

export const chunksNeeded = (count: number): number => Math.ceil(count / CHUNK_SIZE);

/** Returns the users of one chunk, where `group` is the chunk's index among the chunks of the seed's `count` users. */
export function usersOfGroup(seed: number, group: number, count: number): string[] {
  const first = group * CHUNK_SIZE + 1;
  const length = Math.min(CHUNK_SIZE, count + 1 - first);
  return Array.from({ length }, (_, index) => seededUser(seed, first + index));
}

/**
 * Creates the accounts of one chunk's users with their initial balances in one transaction. Accounts that exist already
 * stay as they are. Returns the number of new accounts.
 */
export const seedChunk = (work: UnitOfWork, seed: number, chunk: number, users: readonly string[]): Promise<number> =>
  commit(work, async (read) => {
    // An account that is opened after it was read refuses the write, and so does a chunk that has changed.
    const [chunkRow, ...existing] = await read.getMany([chunkKey(chunk), ...users.map(accountKey)]);
    const missing = users.filter((_, index) => !existing[index]);
    if (missing.length === 0) return { writes: [], result: 0 };
    const at = toIso(work.clock.now());
    const firstMember = parseMembers(chunkRow).length;
    const entry_id = `seed:${chunk}:${firstMember}`;
    const opened = missing.map((user) => openAccount(user, at, chunk));
    const header = { entry_id, chunk, reason: 'seed', ref: String(seed), at, deferred: [] } as const;
    const { accounts, entry } = postBulk(opened, drawInitialBalance, { ...header, counterparty: EXTERNAL_DEPOSITS });
    const funded = new Map(accounts.map((account) => [account.user_id, account]));
    const cause = { time: at, correlation_id: `seed:${seed}`, causation_id: `seed:${seed}` };
    const balances = accounts.map(({ user_id, balance, version }) => ({ user_id, balance, version }));
    return {
      writes: [
        ...opened.map((account) => putNewAccount(funded.get(account.user_id) ?? account)),
        addMembers(chunk, chunkRow, missing),
        { op: 'put', row: { ...seedKey(chunk, firstMember), ...toBulkRow(entry) }, when: absent },
      ],
      publish: [
        {
          aggregate: chunkKey(chunk).pk,
          events: [
            ...(balances.length > 0 ? [BalancesUpdated.make({ entry_id, chunk, balances }, cause)] : []),
            // An account whose initial balance is 0 has no change in the entry, so no update names it.
            ...opened
              .filter(({ user_id }) => !funded.has(user_id))
              .map(({ user_id }) => AccountOpened.make({ user_id, chunk }, cause)),
          ],
        },
      ],
      result: missing.length,
    };
  });
