import { AccountOpened } from '../../events/payments/account-opened.ts';
import { iso } from '../shared/clock.ts';
import { commit, type Unit } from '../shared/commit.ts';
import { AlreadyDone, Rejected } from '../shared/errors.ts';
import { type Making, sameRequest } from '../shared/idempotency.ts';
import { absent, type Store } from '../shared/store.ts';
import { placeFor } from './enrolment.ts';
import { type Account, deposit, openAccount } from './ledger.ts';
import {
  accountKey,
  asAccount,
  balanceUpdated,
  depositKey,
  newAccount,
  unknownAccount,
  updateAccount,
} from './rows.ts';

/** A thing that was made, or the same one that this very request made before. */
export interface Made<T> {
  readonly made: T;
  readonly replayed: boolean;
}

type Balance = { user_id: string; balance: number };

/** Who asks for an account, and whether it is to be in the update programme. */
export interface Opening {
  readonly user_id: string;
  readonly programme?: boolean | undefined;
}

export const accountOf = async (store: Store, userId: string): Promise<Account> =>
  asAccount(await store.get(accountKey(userId))) ?? unknownAccount(userId);

export async function open(
  unit: Unit,
  { user_id, programme = false }: Opening,
  making: Making,
  correlationId: string,
): Promise<Made<Balance>> {
  const opened = { user_id, balance: 0 };
  try {
    return await commit(unit, async (read) => {
      const time = iso(unit.clock.now());
      const { chunk, writes } = programme ? await placeFor(read, user_id) : { chunk: undefined, writes: [] };
      const request = { opened_by: making.id, body_hash: making.body_hash };
      const account = newAccount(openAccount(user_id, time, chunk), request);
      const cause = { time, correlation_id: correlationId, causation_id: correlationId };
      return {
        writes: [{ ...account, decides: true }, ...writes],
        publish: [{ about: accountKey(user_id).pk, events: [AccountOpened.make({ user_id, chunk }, cause)] }],
        result: { made: opened, replayed: false },
      };
    });
  } catch (error) {
    if (!(error instanceof AlreadyDone)) throw error;
    if (error.row['opened_by'] !== making.id) throw new Rejected('account_exists', `${user_id} has an account already`);
    sameRequest(error.row, making);
    return { made: opened, replayed: making.keyed };
  }
}

export const addDeposit = (
  unit: Unit,
  userId: string,
  amount: number,
  making: Making,
  correlationId: string,
): Promise<Made<Balance>> =>
  commit(unit, async (read) => {
    const key = depositKey(making.id);
    const [row, done] = await read.getMany([accountKey(userId), key]);
    if (done) {
      sameRequest(done, making);
      return {
        writes: [],
        result: { made: { user_id: userId, balance: Number(done['balance_after']) }, replayed: making.keyed },
      };
    }
    const account = asAccount(row) ?? unknownAccount(userId);
    const time = iso(unit.clock.now());
    const moved = deposit(account, amount, making.id, time);
    if (!moved)
      throw new Rejected('balance_limit', `the balance of ${userId} would pass what an account may hold`, 422);
    const { entry } = moved;
    const cause = { time, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [
        updateAccount(account.version, moved.account),
        { op: 'put', item: { ...key, ...entry, body_hash: making.body_hash }, when: absent },
      ],
      publish: [{ about: key.pk, events: [balanceUpdated(moved.account, entry.entry_id, cause)] }],
      result: { made: { user_id: userId, balance: entry.balance_after }, replayed: false },
    };
  });
