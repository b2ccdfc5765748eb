import type { Scanner } from '../shared/store/scanner.ts';
import type { Key, Row } from '../shared/store/store.ts';
import { parseChanges, parsePostings } from './entry-row.ts';
import { userAccount } from './ledger.ts';

/** One posting of an entry. That of a customer also has the balance and the version of the account after it. */
type ExportedPosting = {
  readonly entry_id: string;
  /** `user:<user>` or a counterparty, such as `merchant:orders`. */
  readonly account: string;
  readonly amount: number;
  readonly balance_after?: number | undefined;
  readonly version?: number | undefined;
  readonly reason: string;
  readonly ref: string;
  readonly at: string;
};

interface PostingsRequest {
  /** The entries of this time or later, and before `to`. */
  readonly from: string;
  readonly to: string;
  readonly segment: number;
  readonly segments: number;
  readonly after?: Key | undefined;
}

/** Reads one page of the ledger's postings in a range of time. Other contexts export the ledger by this port. */
export async function scanPostings(scanner: Scanner, { from, to, ...segment }: PostingsRequest) {
  const { rows, next } = await scanner.scan({ ...segment, range: { attribute: 'at', from, below: to } });
  return { records: rows.flatMap(toPostings), ...(next ? { next } : {}) };
}

/** Returns the postings of a single or a bulk entry, and none for another row that has a time, such as a decline. */
function toPostings(row: Row): ExportedPosting[] {
  const common = {
    entry_id: String(row['entry_id']),
    reason: String(row['reason']),
    ref: String(row['ref']),
    at: String(row['at']),
  };
  const changes = parseChanges(row).map(({ user_id, ...change }) => ({ account: userAccount(user_id), ...change }));
  const customers = new Set(changes.map(({ account }) => account));
  const counterparties = parsePostings(row).filter(({ account }) => !customers.has(account));
  return [...changes, ...counterparties].map((posting) => ({ ...common, ...posting }));
}
