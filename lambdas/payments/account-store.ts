import { AccountOpened } from '../../events/payments/account-opened.ts';
import { assertSameRequest, type RequestIdentity } from '../shared/http/idempotency.ts';
import { toIso } from '../shared/runtime/clock.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { commit, commitOnce, type UnitOfWork } from '../shared/store/commit.ts';
import { absent, type Store } from '../shared/store/store.ts';
import { type Account, deposit, openAccount } from './ledger.ts';
import {
  accountKey,
  createBalancesUpdated,
  depositKey,
  parseAccount,
  putNewAccount,
  rejectUnknownAccount,
  updateAccount,
} from './rows.ts';
import { assignChunk } from './update-programme/enrolment.ts';

/** A thing that was made, or the same one that this very request made before. */
export interface Created<T> {
  readonly value: T;
  readonly isReplay: boolean;
}

type Balance = { user_id: string; balance: number };

/** Who asks for an account, and whether it is to be in the update programme. */
export interface AccountRequest {
  readonly user_id: string;
  readonly programme?: boolean | undefined;
}

export const readAccount = async (store: Store, userId: string): Promise<Account> =>
  parseAccount(await store.get(accountKey(userId))) ?? rejectUnknownAccount(userId);

export async function openAccountOnce(
  unit: UnitOfWork,
  { user_id, programme = false }: AccountRequest,
  making: RequestIdentity,
  correlationId: string,
): Promise<Created<Balance>> {
  const opened = { user_id, balance: 0 };
  const { result, existing } = await commitOnce(unit, async (read) => {
    const time = toIso(unit.clock.now());
    const { chunk, writes } = programme ? await assignChunk(read, user_id) : { chunk: undefined, writes: [] };
    const request = { opened_by: making.id, body_hash: making.body_hash };
    const account = putNewAccount(openAccount(user_id, time, chunk), request);
    const cause = { time, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [{ ...account, decides: true }, ...writes],
      publish: [{ aggregate: accountKey(user_id).pk, events: [AccountOpened.make({ user_id, chunk }, cause)] }],
      result: { value: opened, isReplay: false },
    };
  });
  if (!existing) return result;
  if (existing['opened_by'] !== making.id) throw new Rejected('account_exists', `${user_id} has an account already`);
  assertSameRequest(existing, making);
  return { value: opened, isReplay: making.hasKey };
}

export const depositOnce = (
  unit: UnitOfWork,
  userId: string,
  amount: number,
  making: RequestIdentity,
  correlationId: string,
): Promise<Created<Balance>> =>
  commit(unit, async (read) => {
    const key = depositKey(making.id);
    const [row, done] = await read.getMany([accountKey(userId), key]);
    if (done) {
      assertSameRequest(done, making);
      return {
        writes: [],
        result: { value: { user_id: userId, balance: Number(done['balance_after']) }, isReplay: making.hasKey },
      };
    }
    const account = parseAccount(row) ?? rejectUnknownAccount(userId);
    const time = toIso(unit.clock.now());
    const moved = deposit(account, amount, making.id, time);
    if (!moved)
      throw new Rejected('balance_limit', `the balance of ${userId} would pass what an account may hold`, 422);
    const { entry } = moved;
    const cause = { time, correlation_id: correlationId, causation_id: correlationId };
    return {
      writes: [
        updateAccount(account.version, moved.account),
        { op: 'put', row: { ...key, ...entry, body_hash: making.body_hash }, when: absent },
      ],
      publish: [{ aggregate: key.pk, events: [createBalancesUpdated(moved.account, entry.entry_id, cause)] }],
      result: { value: { user_id: userId, balance: entry.balance_after }, isReplay: false },
    };
  });
