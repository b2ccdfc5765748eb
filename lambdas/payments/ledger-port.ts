import * as z from 'zod/mini';
import type { Reader } from '../shared/store/store.ts';
import { accountsByBucket } from './table.ts';

/** An account as the ledger has it. */
const LedgerAccount = z.object({
  user_id: z.string(),
  balance: z.number(),
  version: z.number(),
  updated_at: z.string(),
  chunk: z.optional(z.number()),
});
export type LedgerAccount = z.infer<typeof LedgerAccount>;

export interface AccountsPage {
  readonly accounts: readonly LedgerAccount[];
  /** The next page is above this user; absent on the last. */
  readonly next?: string;
}

/** A chunk is one page. */
const PAGE = 97;

/**
 * The port by which others compare themselves with the ledger: one bucket's accounts by their users, page by page. Who
 * is in a bucket is told by an index, which may lag by a moment; what an account has is read consistently.
 */
export async function accountsInBucket(reader: Reader, bucket: string, above?: string): Promise<AccountsPage> {
  // one more than a page shows whether there is another
  const keys = await reader.query({
    partition: bucket,
    index: accountsByBucket,
    limit: PAGE + 1,
    ...(above === undefined ? {} : { above }),
  });
  const page = keys.slice(0, PAGE);
  const rows = page.length > 0 ? await reader.getMany(page) : [];
  const accounts = rows.filter((row) => row !== undefined).map((row) => LedgerAccount.parse(row));
  const last = page.at(-1);
  return { accounts, ...(keys.length > PAGE && last ? { next: String(last['user_id']) } : {}) };
}

const Programme = z.object({ chunks: z.number() });

/** How many chunks the update programme has. */
export async function chunkCount(reader: Reader): Promise<number> {
  const row = await reader.get({ pk: 'PROGRAMME', sk: 'STATE' });
  return row ? Programme.parse(row).chunks : 0;
}
