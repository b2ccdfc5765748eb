import { MAX_BALANCE } from '../../events/money.ts';
import type { DeclineReason } from '../../events/payments/payment-declined.ts';

/** What a customer has. Every change is decided on a read of it and written under its version. */
export interface Account {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
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
  readonly reason: 'deposit' | 'order' | 'refund';
  readonly ref: string;
  readonly at: string;
  readonly lines: readonly Line[];
}

/** The other sides have no row, so nothing is hot: their balance is the sum of their lines. */
const DEPOSITS = 'external:deposits';
const MERCHANT = 'merchant:orders';

export const userLine = (userId: string): string => `user:${userId}`;

export const openAccount = (userId: string, at: string): Account => ({
  user_id: userId,
  balance: 0,
  version: 0,
  updated_at: at,
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
