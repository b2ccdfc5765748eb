import * as z from 'zod/mini';
import type { Item } from '../shared/store.ts';
import { type BulkEntry, type Line, type Share, userLine } from './ledger.ts';

/** A share as it is stored: `[user_id, amount, balance_after, version]`. */
const Tuple = z.tuple([z.string(), z.number(), z.number(), z.number()]);
const Tuples = z.array(Tuple);

/** Nearly a hundred shares as one text: a third of what maps would weigh, and units are paid by the KB. */
export const bulkFields = ({ shares, left, ...entry }: BulkEntry): Record<string, unknown> => ({
  ...entry,
  shares: JSON.stringify(
    shares.map((one): z.infer<typeof Tuple> => [one.user_id, one.amount, one.balance_after, one.version]),
  ),
  ...(left.length > 0 ? { left } : {}),
});

/** What an entry's row says of each account that it changed, whatever its form; nothing where it is no entry. */
export function sharesIn(row: Item): Share[] {
  if (typeof row['shares'] === 'string')
    return Tuples.parse(JSON.parse(row['shares'])).map(([user_id, amount, balance_after, version]) => ({
      user_id,
      amount,
      balance_after,
      version,
    }));
  if (!Array.isArray(row['lines'])) return [];
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
export function linesIn(row: Item): Line[] {
  if (Array.isArray(row['lines'])) return row['lines'] as Line[];
  const shares = sharesIn(row);
  return row['other'] === undefined
    ? []
    : [...shares.map(({ user_id, amount }) => ({ account: userLine(user_id), amount })), row['other'] as Line];
}

/** Who was left for an entry of their own. */
export const leftIn = (row: Item): readonly string[] => (row['left'] ?? []) as readonly string[];
