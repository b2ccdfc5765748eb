import * as z from 'zod/mini';
import { CHUNK_SIZE } from '../../events/payments/balances-updated.ts';
import { type Reader, readRows } from '../shared/store/store.ts';
import { accountsByBucket } from './table.ts';
import { parseProgramme, programmeKey } from './update-programme/chunk-row.ts';

const LedgerAccount = z.object({
  user_id: z.string(),
  balance: z.number(),
  version: z.number(),
  updated_at: z.string(),
  chunk: z.optional(z.number()),
});

interface AccountsPage {
  readonly accounts: readonly z.infer<typeof LedgerAccount>[];
  /** The last user of this page. The next page starts above it. Absent on the last page. */
  readonly next?: string;
}

/**
 * Reads the accounts of one bucket page by page, ordered by user. Other contexts compare their copy with the ledger by
 * this port. The members of a bucket come from an index, which may lag; each account is read strongly consistent.
 */
export async function accountsInBucket(reader: Reader, bucket: string, above?: string): Promise<AccountsPage> {
  // A page has room for a whole chunk. One key more shows whether there is another page.
  const keys = await reader.query({ partition: bucket, index: accountsByBucket, limit: CHUNK_SIZE + 1, above });
  const page = keys.slice(0, CHUNK_SIZE);
  const accounts = (await readRows(reader, page)).map((row) => LedgerAccount.parse(row));
  const last = page.at(-1);
  return { accounts, ...(keys.length > CHUNK_SIZE && last ? { next: String(last['user_id']) } : {}) };
}

/** Returns the number of chunks of the update programme. Chunks that were reserved and not yet filled count as well. */
export const countChunks = async (reader: Reader): Promise<number> =>
  parseProgramme(await reader.get(programmeKey)).chunks;
