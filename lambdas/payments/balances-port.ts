import { hashedBuckets } from '../../events/payments/bucket.ts';
import { Busy } from '../shared/runtime/errors.ts';
import type { Reader } from '../shared/store/store.ts';
import type { Account } from './ledger.ts';
import { accountsInBucket, countChunks } from './ledger-port.ts';
import { readStatement, type StatementPosition } from './statement.ts';

/** The balance of an account at a moment, and the last change before that moment. */
type BalanceAt = {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly changed_at: string;
};

/** Where the next page starts: the number of a bucket, and the user in it above whom it starts. */
export interface BalancesPosition {
  readonly bucket: number;
  readonly above?: string | undefined;
}

interface BalancesPage {
  readonly records: readonly BalanceAt[];
  readonly next?: BalancesPosition;
}

const LINES_PER_PAGE = 200;
/**
 * Two functions may have clocks that differ, so the times of consecutive versions may be out of order by as much. The
 * clocks of Lambda differ by milliseconds.
 */
const MAX_CLOCK_DIFFERENCE_MS = 60_000;

/**
 * Reads one page of the balances that accounts had at a moment, by the times of their entries: the sum of all amounts
 * before it. An account without a change before that moment is left out, unless it never changed since. A page ends
 * when `hasTime` is false, after at least one account.
 */
export async function readBalancesAt(
  reader: Reader,
  at: string,
  position: BalancesPosition | undefined,
  hasTime: () => boolean,
): Promise<BalancesPage> {
  const { bucket, above } = position ?? { bucket: 0 };
  // Chunks are appended, so the buckets that earlier pages have read keep their numbers.
  const name = hashedBuckets[bucket] ?? `chunk:${bucket - hashedBuckets.length}`;
  const page = await accountsInBucket(reader, name, above);
  const certainlyBefore = new Date(Date.parse(at) - MAX_CLOCK_DIFFERENCE_MS).toISOString();
  const records: BalanceAt[] = [];
  for (const [index, account] of page.accounts.entries()) {
    if (index > 0 && !hasTime()) return { records, next: { bucket, above: page.accounts[index - 1]?.user_id } };
    const isUnchanged = account.updated_at < certainlyBefore;
    const balance = isUnchanged ? toBalance(account) : await balanceBefore(reader, account, { at, certainlyBefore });
    if (balance) records.push(balance);
  }
  if (page.next !== undefined) return { records, next: { bucket, above: page.next } };
  const buckets = hashedBuckets.length + (await countChunks(reader));
  return { records, ...(bucket + 1 < buckets ? { next: { bucket: bucket + 1 } } : {}) };
}

const toBalance = ({ user_id, balance, version, updated_at }: Account): BalanceAt => ({
  user_id,
  balance,
  version,
  changed_at: updated_at,
});

/**
 * Subtracts the changes since a moment from the current balance. It looks at each change until those of that moment
 * are past for sure, so that the result is the sum of the earlier amounts even if some times are out of order.
 */
async function balanceBefore(
  reader: Reader,
  account: Account,
  { at, certainlyBefore }: { readonly at: string; readonly certainlyBefore: string },
): Promise<BalanceAt | undefined> {
  let { balance, version: expected } = account;
  let last: { version: number; changed_at: string } | undefined;
  let after: StatementPosition | undefined;
  do {
    const { lines, next } = await readStatement(reader, account, { after, limit: LINES_PER_PAGE });
    for (const line of lines) {
      // The index lags. A statement with a gap would give a wrong balance, so it is read again later.
      if (line.version !== expected) throw new Busy(`the statement of ${account.user_id} is not complete yet`);
      expected -= 1;
      if (line.at >= at) balance -= line.amount;
      else last ??= { version: line.version, changed_at: line.at };
      if (line.at < certainlyBefore) return last && { user_id: account.user_id, balance, ...last };
    }
    after = next;
  } while (after);
  if (expected > 0) throw new Busy(`the statement of ${account.user_id} is not complete yet`);
  return last && { user_id: account.user_id, balance, ...last };
}
