import { AccountOpened } from '../../../events/payments/account-opened.ts';
import { BalancesUpdated, CHUNK_SIZE } from '../../../events/payments/balances-updated.ts';
import { toIso } from '../../shared/runtime/clock.ts';
import { commit, type UnitOfWork } from '../../shared/store/commit.ts';
import { absent } from '../../shared/store/store.ts';
import { toBulkRow } from '../entry-row.ts';
import { openAccount, postSeed } from '../ledger.ts';
import { accountKey, chunkKey, putNewAccount, seedKey } from '../rows.ts';
import { addMembers, parseMembers } from './enrolment.ts';
import { initialBalanceOf } from './tick.ts';

/** The made-up users of a seed, in their order: `u42-000017`. */
export const seededUser = (seed: number, at: number): string => `u${seed}-${String(at).padStart(6, '0')}`;

/** So many chunks it takes to hold so many users. */
export const chunksNeeded = (count: number): number => Math.ceil(count / CHUNK_SIZE);

/** The users of one chunk, of so many that there are in all. */
export function usersOfGroup(seed: number, group: number, count: number): string[] {
  const first = group * CHUNK_SIZE + 1;
  const length = Math.min(CHUNK_SIZE, count + 1 - first);
  return Array.from({ length }, (_, at) => seededUser(seed, first + at));
}

/**
 * One chunk's users with their accounts and what they begin with, in one transaction. Who has an account keeps it as it
 * is; answers how many are new.
 */
export const seedChunk = (unit: UnitOfWork, seed: number, chunk: number, users: readonly string[]): Promise<number> =>
  commit(unit, async (read) => {
    const [row, ...known] = await read.getMany([chunkKey(chunk), ...users.map(accountKey)]);
    const missing = users.filter((_, at) => !known[at]);
    if (missing.length === 0) return { writes: [], result: 0 };
    const at = toIso(unit.clock.now());
    const entry_id = `seed:${chunk}:${parseMembers(row).length}`;
    const opened = missing.map((user) => openAccount(user, at, chunk));
    const { accounts, entry } = postSeed(opened, initialBalanceOf, { entry_id, chunk, ref: String(seed), at });
    const filled = new Map(accounts.map((account) => [account.user_id, account]));
    const cause = { time: at, correlation_id: `seed:${seed}`, causation_id: `seed:${seed}` };
    const balances = accounts.map(({ user_id, balance, version }) => ({ user_id, balance, version }));
    return {
      writes: [
        ...opened.map((account) => putNewAccount(filled.get(account.user_id) ?? account)),
        addMembers(chunk, row, missing),
        { op: 'put', row: { ...seedKey(chunk, parseMembers(row).length), ...toBulkRow(entry) }, when: absent },
      ],
      publish: [
        {
          aggregate: chunkKey(chunk).pk,
          events: [
            ...(balances.length > 0 ? [BalancesUpdated.make({ entry_id, chunk, balances }, cause)] : []),
            // who begins with nothing is in no update
            ...opened
              .filter(({ user_id }) => !filled.has(user_id))
              .map(({ user_id }) => AccountOpened.make({ user_id, chunk }, cause)),
          ],
        },
      ],
      result: missing.length,
    };
  });
