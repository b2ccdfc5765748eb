import { MAX_BALANCE } from '../../events/money.ts';
import type { DeclineReason } from '../../events/payments/payment-declined.ts';

/** What a customer has. Every change is decided on a read of it and written under its version. */
export interface Account {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
  /** Of the update programme; absent where the account is not in it. An account never changes its chunk. */
  readonly chunk?: number | undefined;
}

/** One side of an entry. Money comes from one line and goes to another, so the lines of an entry sum to zero. */
export interface Posting {
  readonly account: string;
  readonly amount: number;
}

/** Appended once and never edited; a correction is a new entry. `version` and `balance_after` chain it to its account. */
export interface Entry {
  readonly entry_id: string;
  readonly account: string;
  readonly amount: number;
  readonly balance_after: number;
  readonly version: number;
  readonly reason: 'deposit' | 'order' | 'refund' | 'tick';
  readonly ref: string;
  readonly at: string;
  readonly postings: readonly Posting[];
}

/** One account's part in an entry that changes many. */
export interface BalanceChange {
  readonly user_id: string;
  readonly amount: number;
  readonly balance_after: number;
  readonly version: number;
}

/** An entry for a whole chunk of accounts: a line for each share, and the other side for all of them. */
export interface BulkEntry {
  readonly entry_id: string;
  readonly chunk: number;
  readonly reason: 'tick' | 'seed';
  readonly ref: string;
  readonly at: string;
  readonly changes: readonly BalanceChange[];
  readonly counter_posting: Posting;
  /** Whose accounts moved too often to be among them: each has its turn in an entry of its own. */
  readonly deferred: readonly string[];
}

/** The other sides have no row, so nothing is hot: their balance is the sum of their lines. */
const EXTERNAL_DEPOSITS = 'external:deposits';
const MERCHANT_ORDERS = 'merchant:orders';
const PROGRAMME_UPDATES = 'programme:updates';

export const userAccount = (userId: string): string => `user:${userId}`;

export const openAccount = (userId: string, at: string, chunk?: number): Account => ({
  user_id: userId,
  balance: 0,
  version: 0,
  updated_at: at,
  ...(chunk === undefined ? {} : { chunk }),
});

export interface PostedChange {
  readonly account: Account;
  readonly entry: Entry;
}

/** Moves money between a customer and the other side, and says so in one entry. */
function post(
  account: Account,
  signed: number,
  other: string,
  what: Pick<Entry, 'entry_id' | 'reason' | 'ref' | 'at'>,
): PostedChange {
  const balance = account.balance + signed;
  const version = account.version + 1;
  return {
    account: { ...account, balance, version, updated_at: what.at },
    entry: {
      ...what,
      account: account.user_id,
      amount: signed,
      balance_after: balance,
      version,
      postings: [
        { account: userAccount(account.user_id), amount: signed },
        { account: other, amount: -signed },
      ],
    },
  };
}

/** Nothing where the balance would pass what an account may hold. */
export function deposit(account: Account, amount: number, id: string, at: string): PostedChange | undefined {
  if (account.balance + amount > MAX_BALANCE) return undefined;
  return post(account, amount, EXTERNAL_DEPOSITS, { entry_id: `deposit:${id}`, reason: 'deposit', ref: id, at });
}

/** What an order took, back to where it came from. Never refused: a balance may pass its limit by it. */
export const refund = (account: Account, amount: number, orderId: string, at: string): PostedChange =>
  post(account, amount, MERCHANT_ORDERS, { entry_id: `refund:${orderId}`, reason: 'refund', ref: orderId, at });

/** A change as far as the account can take it: not below zero, and no further above what an account may hold. */
const boundedChange = ({ balance }: Account, change: number): number =>
  Math.max(-balance, Math.min(change, Math.max(0, MAX_BALANCE - balance)));

/** The part of one account in a tick, in an entry of its own; nothing where the account cannot take any of it. */
export function postTickToAccount(account: Account, change: number, entryId: string, tick: string, at: string) {
  const signed = boundedChange(account, change);
  return signed === 0
    ? undefined
    : post(account, signed, PROGRAMME_UPDATES, { entry_id: entryId, reason: 'tick', ref: tick, at });
}

export interface PostedBulk {
  /** Those that changed, as they are now; the shares stand in the same order. */
  readonly accounts: readonly Account[];
  readonly entry: BulkEntry;
}

/** A change for each of these accounts, in one entry. Who can take nothing of it has no share, and no new version. */
function postAll(
  accounts: readonly Account[],
  changeOf: (userId: string) => number,
  other: string,
  what: Omit<BulkEntry, 'changes' | 'counter_posting'>,
): PostedBulk {
  const after: Account[] = [];
  const changes: BalanceChange[] = [];
  for (const account of accounts) {
    const amount = boundedChange(account, changeOf(account.user_id));
    if (amount === 0) continue;
    const balance = account.balance + amount;
    const version = account.version + 1;
    after.push({ ...account, balance, version, updated_at: what.at });
    changes.push({ user_id: account.user_id, amount, balance_after: balance, version });
  }
  // 0 − sum, so that nothing at all is 0 and not −0
  const open = 0 - changes.reduce((sum, { amount }) => sum + amount, 0);
  return { accounts: after, entry: { ...what, changes, counter_posting: { account: other, amount: open } } };
}

/** A tick for the members of a chunk; those that are left have theirs alone. */
export const postTickToChunk = (
  accounts: readonly Account[],
  changeOf: (userId: string) => number,
  what: Pick<BulkEntry, 'entry_id' | 'chunk' | 'ref' | 'at' | 'deferred'>,
): PostedBulk => postAll(accounts, changeOf, PROGRAMME_UPDATES, { ...what, reason: 'tick' });

/** What the made-up members of a chunk begin with: deposits by nobody in particular. */
export const postSeed = (
  accounts: readonly Account[],
  startOf: (userId: string) => number,
  what: Pick<BulkEntry, 'entry_id' | 'chunk' | 'ref' | 'at'>,
): PostedBulk => postAll(accounts, startOf, EXTERNAL_DEPOSITS, { ...what, reason: 'seed', deferred: [] });

/** An order that waits for its payment. */
export interface PendingOrder {
  readonly order_id: string;
  readonly user_id: string;
  readonly amount: number;
}

export type PaymentDecision<B extends PendingOrder = PendingOrder> =
  | { readonly order: B; readonly decision: 'authorized'; readonly entry: Entry }
  | { readonly order: B; readonly decision: 'declined'; readonly reason: DeclineReason };

/** Decides the bills of one account in their order, each against what those before it have left. */
export function decidePayments<B extends PendingOrder>(account: Account | undefined, bills: readonly B[], at: string) {
  let left = account;
  const decisions = bills.map((bill): PaymentDecision<B> => {
    if (!left) return { order: bill, decision: 'declined', reason: 'account_not_found' };
    if (left.balance < bill.amount) return { order: bill, decision: 'declined', reason: 'insufficient_funds' };
    const what = { entry_id: `order:${bill.order_id}`, reason: 'order', ref: bill.order_id, at } as const;
    const { account: after, entry } = post(left, -bill.amount, MERCHANT_ORDERS, what);
    left = after;
    return { order: bill, decision: 'authorized', entry };
  });
  return { account: left, decisions };
}
