import * as z from 'zod/mini';
import type { Row } from '../shared/store/store.ts';
import { type BalanceChange, type BulkEntry, type Posting, userAccount } from './ledger.ts';

/** A share as it is stored: `[user_id, amount, balance_after, version]`. */
const ChangeTuple = z.tuple([z.string(), z.number(), z.number(), z.number()]);
const ChangeTuples = z.array(ChangeTuple);

/** Nearly a hundred shares as one text: a third of what maps would weigh, and units are paid by the KB. */
export const toBulkRow = ({ changes, deferred, ...entry }: BulkEntry): Record<string, unknown> => ({
  ...entry,
  changes: JSON.stringify(
    changes.map((one): z.infer<typeof ChangeTuple> => [one.user_id, one.amount, one.balance_after, one.version]),
  ),
  ...(deferred.length > 0 ? { deferred } : {}),
});

/** What an entry's row says of each account that it changed, whatever its form; nothing where it is no entry. */
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

/** Every line of an entry's row, whatever its form, as it is written there: they sum to zero. */
export function parsePostings(row: Row): Posting[] {
  if (Array.isArray(row['postings'])) return row['postings'] as Posting[];
  const changes = parseChanges(row);
  return row['counter_posting'] === undefined
    ? []
    : [
        ...changes.map(({ user_id, amount }) => ({ account: userAccount(user_id), amount })),
        row['counter_posting'] as Posting,
      ];
}

/** Who was deferred for an entry of their own. */
export const parseDeferred = (row: Row): readonly string[] => (row['deferred'] ?? []) as readonly string[];
