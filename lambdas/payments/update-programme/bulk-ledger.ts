import { MAX_BALANCE } from '../../../events/money.ts';

/** The attributes of an account that a bulk entry reads and changes. */
interface MemberAccount {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
}

export interface BalanceChange {
  readonly user_id: string;
  readonly amount: number;
  readonly balance_after: number;
  readonly version: number;
}

/** An entry that changes the accounts of a chunk. Its changes and its one counter posting sum to zero. */
export interface BulkEntry {
  readonly entry_id: string;
  readonly chunk: number;
  readonly reason: 'tick' | 'seed';
  readonly ref: string;
  readonly at: string;
  readonly changes: readonly BalanceChange[];
  readonly counter_posting: { readonly account: string; readonly amount: number };
  /** The users of deferred accounts: each of these accounts is updated by an entry of its own. */
  readonly deferred: readonly string[];
}

/** Limits a change so that the balance does not fall below zero and is not raised above its maximum. */
export const boundedChange = ({ balance }: Pick<MemberAccount, 'balance'>, change: number): number =>
  Math.max(-balance, Math.min(change, Math.max(0, MAX_BALANCE - balance)));

/**
 * Posts a change to each account in one entry, against one counterparty. An account whose bounded change is zero has no
 * change in the entry, and no new version. Returns the entry, and the changed accounts in the order of its changes.
 */
export function postBulk<A extends MemberAccount>(
  accounts: readonly A[],
  drawChange: (userId: string) => number,
  { counterparty, ...header }: Omit<BulkEntry, 'changes' | 'counter_posting'> & { readonly counterparty: string },
): { accounts: readonly A[]; entry: BulkEntry } {
  const changed: A[] = [];
  const changes: BalanceChange[] = [];
  for (const account of accounts) {
    const amount = boundedChange(account, drawChange(account.user_id));
    if (amount === 0) continue;
    const balance = account.balance + amount;
    const version = account.version + 1;
    changed.push({ ...account, balance, version, updated_at: header.at });
    changes.push({ user_id: account.user_id, amount, balance_after: balance, version });
  }
  // The sum is subtracted from 0 and not negated, since the negation of 0 is -0.
  const counterAmount = 0 - changes.reduce((sum, { amount }) => sum + amount, 0);
  const counter_posting = { account: counterparty, amount: counterAmount };
  return { accounts: changed, entry: { ...header, changes, counter_posting } };
}
