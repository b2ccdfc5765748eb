import type { Cause } from '../../events/envelope.ts';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { bucketOf } from '../../events/payments/bucket.ts';
import { Rejected } from '../shared/runtime/errors.ts';
import { absent, type Key, type Row, versionIs, type Write } from '../shared/store/store.ts';
import type { Account } from './ledger.ts';

/** The keys of this context's table. Its stores alone know them. */
export const accountKey = (userId: string): Key => ({ pk: `ACCOUNT#${userId}`, sk: 'STATE' });
export const depositKey = (id: string): Key => ({ pk: `DEPOSIT#${id}`, sk: 'ENTRY' });
export const refundKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'REFUND' });
export const paymentKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'PAYMENT' });
export const chunkKey = (chunk: number): Key => ({ pk: `CHUNK#${chunk}`, sk: 'STATE' });
export const tickKey = (chunk: number, tick: string): Key => ({ pk: chunkKey(chunk).pk, sk: `TICK#${tick}` });
/** With the account and not with its chunk, whose rows are read for every member's statement. */
export const accountTickKey = (userId: string, tick: string): Key => ({
  pk: accountKey(userId).pk,
  sk: `TICK#${tick}`,
});
export const seedKey = (chunk: number, from: number): Key => ({ pk: chunkKey(chunk).pk, sk: `SEED#${from}` });
export const programmeKey: Key = { pk: 'PROGRAMME', sk: 'STATE' };
export const reservationKey = (seed: number): Key => ({ pk: programmeKey.pk, sk: `SEED#${seed}` });

/** The row of a new account. `bucket` and `user_id` never change, so a change of balance costs no index anything. */
export const putNewAccount = (account: Account, more: Readonly<Record<string, unknown>> = {}) =>
  ({
    op: 'put',
    row: {
      ...accountKey(account.user_id),
      ...account,
      bucket: bucketOf(account.user_id, account.chunk),
      ...more,
    },
    when: absent,
  }) satisfies Write;

export const updateAccount = (before: number, { user_id, balance, version, updated_at }: Account): Write => ({
  op: 'update',
  key: accountKey(user_id),
  set: { balance, version, updated_at },
  when: versionIs(before),
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

export function rejectUnknownAccount(userId: string): never {
  throw new Rejected('account_not_found', `${userId} has no account`, 404);
}

/** That an entry changed an account, and what it has now. */
export const createBalancesUpdated = ({ user_id, balance, version, chunk }: Account, entryId: string, cause: Cause) =>
  BalancesUpdated.make({ entry_id: entryId, chunk, balances: [{ user_id, balance, version }] }, cause);
