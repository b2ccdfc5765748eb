import { MAX_BALANCE } from '../../events/money.ts';
import type { OrderCreated } from '../../events/orders/order-created.ts';
import type { DeclineReason } from '../../events/payments/payment-declined.ts';

/** A customer's account. Each change is decided on a read of it and written under the version that was read. */
export interface Account {
  readonly user_id: string;
  readonly balance: number;
  readonly version: number;
  readonly updated_at: string;
  /** The account's chunk in the update programme; it never changes. Absent outside the programme. */
  readonly chunk?: number | undefined;
}

/** The signed amount that an entry adds to one account: negative for the source of the money, else positive. */
export interface Posting {
  readonly account: string;
  readonly amount: number;
}

/**
 * An entry that changes one customer's account. It is appended once and never edited; a correction is a new entry. Its
 * postings sum to zero. The versions of an account's entries have no gaps, and `balance_after` is the account's balance
 * at that version.
 */
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

// Counterparties have no row, so that no row is hot. The balance of a counterparty is the sum of its postings.
export const EXTERNAL_DEPOSITS = 'external:deposits';
export const PROGRAMME_UPDATES = 'programme:updates';
const MERCHANT_ORDERS = 'merchant:orders';

export const userAccount = (userId: string): string => `user:${userId}`;

export const openAccount = (userId: string, at: string, chunk?: number): Account => ({
  user_id: userId,
  balance: 0,
  version: 0,
  updated_at: at,
  ...(chunk === undefined ? {} : { chunk }),
});

type PostedEntry = { readonly account: Account; readonly entry: Entry };

type EntryHeader = Pick<Entry, 'entry_id' | 'reason' | 'ref' | 'at'>;

/**
 * Posts an entry between a customer's account and a counterparty. A positive amount has the counterparty as its source
 * and the account as its destination; a negative amount goes the opposite way.
 */
function post(account: Account, amount: number, counterparty: string, header: EntryHeader): PostedEntry {
  const balance = account.balance + amount;
  const version = account.version + 1;
  return {
    account: { ...account, balance, version, updated_at: header.at },
    entry: {
      ...header,
      account: account.user_id,
      amount,
      balance_after: balance,
      version,
      postings: [
        { account: userAccount(account.user_id), amount },
        { account: counterparty, amount: -amount },
      ],
    },
  };
}

/** Posts a deposit. Returns nothing if the balance would exceed its maximum. */
export function deposit(account: Account, amount: number, id: string, at: string): PostedEntry | undefined {
  if (account.balance + amount > MAX_BALANCE) return undefined;
  return post(account, amount, EXTERNAL_DEPOSITS, { entry_id: `deposit:${id}`, reason: 'deposit', ref: id, at });
}

/** Posts the reversal of an order's entry. It is never rejected, so the balance may exceed its maximum by it. */
export const refund = (account: Account, amount: number, orderId: string, at: string): PostedEntry =>
  post(account, amount, MERCHANT_ORDERS, { entry_id: `refund:${orderId}`, reason: 'refund', ref: orderId, at });

/** Posts the change of a tick to one account, for an account that is not part of its chunk's entry. */
export const postTick = (account: Account, amount: number, header: Omit<EntryHeader, 'reason'>): PostedEntry =>
  post(account, amount, PROGRAMME_UPDATES, { ...header, reason: 'tick' });

type PendingOrder = Pick<OrderCreated, 'order_id' | 'amount'>;

export type PaymentDecision<O extends PendingOrder = PendingOrder> =
  | { readonly order: O; readonly decision: 'authorized'; readonly entry: Entry }
  | { readonly order: O; readonly decision: 'declined'; readonly reason: DeclineReason };

/** Decides the pending orders of one account in sequence, each against the balance that the orders before it left. */
export function decidePayments<O extends PendingOrder>(account: Account | undefined, orders: readonly O[], at: string) {
  let current = account;
  const decisions = orders.map((order): PaymentDecision<O> => {
    if (!current) return { order, decision: 'declined', reason: 'account_not_found' };
    if (current.balance < order.amount) return { order, decision: 'declined', reason: 'insufficient_funds' };
    const header = { entry_id: `order:${order.order_id}`, reason: 'order', ref: order.order_id, at } as const;
    const posted = post(current, -order.amount, MERCHANT_ORDERS, header);
    current = posted.account;
    return { order, decision: 'authorized', entry: posted.entry };
  });
  return { account: current, decisions };
}
