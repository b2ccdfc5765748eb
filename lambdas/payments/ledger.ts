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
export interface Line {
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
  readonly lines: readonly Line[];
}

/** One account's part in an entry that changes many. */
export interface Share {
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
  readonly shares: readonly Share[];
  readonly other: Line;
  /** Whose accounts moved too often to be among them: each has its turn in an entry of its own. */
  readonly left: readonly string[];
}

/** The other sides have no row, so nothing is hot: their balance is the sum of their lines. */
const DEPOSITS = 'external:deposits';
const MERCHANT = 'merchant:orders';
const PROGRAMME = 'programme:updates';

export const userLine = (userId: string): string => `user:${userId}`;

export const openAccount = (userId: string, at: string, chunk?: number): Account => ({
  user_id: userId,
  balance: 0,
  version: 0,
  updated_at: at,
  ...(chunk === undefined ? {} : { chunk }),
});

export interface Moved {
  readonly account: Account;
  readonly entry: Entry;
}

/** Moves money between a customer and the other side, and says so in one entry. */
function move(
  account: Account,
  signed: number,
  other: string,
  what: Pick<Entry, 'entry_id' | 'reason' | 'ref' | 'at'>,
): Moved {
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
      lines: [
        { account: userLine(account.user_id), amount: signed },
        { account: other, amount: -signed },
      ],
    },
  };
}

/** Nothing where the balance would pass what an account may hold. */
export function deposit(account: Account, amount: number, id: string, at: string): Moved | undefined {
  if (account.balance + amount > MAX_BALANCE) return undefined;
  return move(account, amount, DEPOSITS, { entry_id: `deposit:${id}`, reason: 'deposit', ref: id, at });
}

/** What an order took, back to where it came from. Never refused: a balance may pass its limit by it. */
export const refund = (account: Account, amount: number, orderId: string, at: string): Moved =>
  move(account, amount, MERCHANT, { entry_id: `refund:${orderId}`, reason: 'refund', ref: orderId, at });

/** A change as far as the account can take it: not below zero, and no further above what an account may hold. */
const bounded = ({ balance }: Account, change: number): number =>
  Math.max(-balance, Math.min(change, Math.max(0, MAX_BALANCE - balance)));

/** The part of one account in a tick, in an entry of its own; nothing where the account cannot take any of it. */
export function tickAlone(account: Account, change: number, entryId: string, tick: string, at: string) {
  const signed = bounded(account, change);
  return signed === 0
    ? undefined
    : move(account, signed, PROGRAMME, { entry_id: entryId, reason: 'tick', ref: tick, at });
}

export interface Bulk {
  /** Those that changed, as they are now; the shares stand in the same order. */
  readonly accounts: readonly Account[];
  readonly entry: BulkEntry;
}

/** A change for each of these accounts, in one entry. Who can take nothing of it has no share, and no new version. */
function moveAll(
  accounts: readonly Account[],
  changeOf: (userId: string) => number,
  other: string,
  what: Omit<BulkEntry, 'shares' | 'other'>,
): Bulk {
  const after: Account[] = [];
  const shares: Share[] = [];
  for (const account of accounts) {
    const amount = bounded(account, changeOf(account.user_id));
    if (amount === 0) continue;
    const balance = account.balance + amount;
    const version = account.version + 1;
    after.push({ ...account, balance, version, updated_at: what.at });
    shares.push({ user_id: account.user_id, amount, balance_after: balance, version });
  }
  // 0 − sum, so that nothing at all is 0 and not −0
  const open = 0 - shares.reduce((sum, { amount }) => sum + amount, 0);
  return { accounts: after, entry: { ...what, shares, other: { account: other, amount: open } } };
}

/** A tick for the members of a chunk; those that are left have theirs alone. */
export const tickAll = (
  accounts: readonly Account[],
  changeOf: (userId: string) => number,
  what: Pick<BulkEntry, 'entry_id' | 'chunk' | 'ref' | 'at' | 'left'>,
): Bulk => moveAll(accounts, changeOf, PROGRAMME, { ...what, reason: 'tick' });

/** What the made-up members of a chunk begin with: deposits by nobody in particular. */
export const seedAll = (
  accounts: readonly Account[],
  startOf: (userId: string) => number,
  what: Pick<BulkEntry, 'entry_id' | 'chunk' | 'ref' | 'at'>,
): Bulk => moveAll(accounts, startOf, DEPOSITS, { ...what, reason: 'seed', left: [] });

/** An order that waits for its payment. */
export interface Bill {
  readonly order_id: string;
  readonly user_id: string;
  readonly amount: number;
}

export type Decision<B extends Bill = Bill> =
  | { readonly bill: B; readonly decided: 'authorized'; readonly entry: Entry }
  | { readonly bill: B; readonly decided: 'declined'; readonly reason: DeclineReason };

/** Decides the bills of one account in their order, each against what those before it have left. */
export function settle<B extends Bill>(account: Account | undefined, bills: readonly B[], at: string) {
  let left = account;
  const decisions = bills.map((bill): Decision<B> => {
    if (!left) return { bill, decided: 'declined', reason: 'account_not_found' };
    if (left.balance < bill.amount) return { bill, decided: 'declined', reason: 'insufficient_funds' };
    const what = { entry_id: `order:${bill.order_id}`, reason: 'order', ref: bill.order_id, at } as const;
    const { account: after, entry } = move(left, -bill.amount, MERCHANT, what);
    left = after;
    return { bill, decided: 'authorized', entry };
  });
  return { account: left, decisions };
}
