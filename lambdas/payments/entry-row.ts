import * as z from 'zod/mini';
import type { Key, Row } from '../shared/store/store.ts';
import { type Posting, userAccount } from './ledger.ts';
import type { BalanceChange, BulkEntry } from './update-programme/bulk-ledger.ts';

export const depositKey = (id: string): Key => ({ pk: `DEPOSIT#${id}`, sk: 'ENTRY' });
export const paymentKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'PAYMENT' });
export const refundKey = (orderId: string): Key => ({ pk: `ORDER#${orderId}`, sk: 'REFUND' });

/** A change as it is stored: `[user_id, amount, balance_after, version]`. */
const ChangeTuple = z.tuple([z.string(), z.number(), z.number(), z.number()]);
const ChangeTuples = z.array(ChangeTuple);

/**
 * Returns the attributes of a bulk entry. Its changes, up to 97, are stored as one JSON text, which takes a third of
 * the size of maps: write units are paid by the KB.
 */
export const toBulkRow = ({ changes, deferred, ...entry }: BulkEntry): Record<string, unknown> => ({
  ...entry,
  changes: JSON.stringify(
    changes.map(
      ({ user_id, amount, balance_after, version }): z.infer<typeof ChangeTuple> => [
        user_id,
        amount,
        balance_after,
        version,
      ],
    ),
  ),
  ...(deferred.length > 0 ? { deferred } : {}),
});

/** Returns the changes of a single or a bulk entry, and none for a row that is not an entry. */
export function parseChanges(row: Row): BalanceChange[] {
  if (typeof row['changes'] === 'string')
    return ChangeTuples.parse(JSON.parse(row['changes'])).map(([user_id, amount, balance_after, version]) => ({
      user_id,
      amount,
      balance_after,
      version,
    }));
  if (!Array.isArray(row['postings'])) return [];
  const { account, amount, balance_after, version } = row;
  return [
    {
      user_id: String(account),
      amount: Number(amount),
      balance_after: Number(balance_after),
      version: Number(version),
    },
  ];
}

/** Returns all postings of a single or a bulk entry, and none for a row that is not an entry. */
export function parsePostings(row: Row): Posting[] {
  if (Array.isArray(row['postings'])) return row['postings'] as Posting[];
  if (row['counter_posting'] === undefined) return [];
  const postings = parseChanges(row).map(({ user_id, amount }) => ({ account: userAccount(user_id), amount }));
  return [...postings, row['counter_posting'] as Posting];
}

export const parseDeferred = (row: Row): readonly string[] => (row['deferred'] ?? []) as readonly string[];
