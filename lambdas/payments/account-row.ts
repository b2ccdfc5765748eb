import type { Cause } from '../../events/envelope.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';
import type { Account } from './ledger.ts';

export const accountKey = (userId: string): Key => ({ pk: `ACCOUNT#${userId}`, sk: 'STATE' });

/** Creates the row of a new account. `bucket` and `user_id` never change, so a change of balance writes to no index. */
export const putNewAccount = (account: Account, request: Readonly<Record<string, unknown>> = {}) =>
  ({
    op: 'put',
    row: {
      ...accountKey(account.user_id),
      ...account,
      bucket: bucketOf(account.user_id, account.chunk),
      ...request,
    },
    when: absent,
  }) satisfies Write;

/** Updates an account on the condition that the row still has the version that was read. */
export const updateAccount = (versionRead: number, { user_id, balance, version, updated_at }: Account): Write => ({
  op: 'update',
  key: accountKey(user_id),
  set: { balance, version, updated_at },
  when: versionIs(versionRead),
});

export function parseAccount(row: Row | undefined): Account | undefined {
  if (!row) return undefined;
  const { user_id, balance, version, updated_at, chunk } = row;
  return {
    user_id: String(user_id),
    balance: Number(balance),
    version: Number(version),
    updated_at: String(updated_at),
    ...(typeof chunk === 'number' ? { chunk } : {}),
  };
}

export const createBalancesUpdated = ({ user_id, balance, version, chunk }: Account, entryId: string, cause: Cause) =>
  BalancesUpdated.make({ entry_id: entryId, chunk, balances: [{ user_id, balance, version }] }, cause);
