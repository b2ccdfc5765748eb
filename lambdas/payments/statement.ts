import type { Reader, Row } from '../shared/store/store.ts';
import { parseChanges } from './entry-row.ts';
import type { Account, Entry } from './ledger.ts';
import { entriesByAccount } from './table.ts';
import type { BalanceChange, BulkEntry } from './update-programme/bulk-ledger.ts';
import { chunkKey } from './update-programme/chunk-row.ts';

export interface StatementLine extends Omit<BalanceChange, 'user_id'> {
  readonly entry_id: string;
  readonly reason: Entry['reason'] | BulkEntry['reason'];
  readonly ref: string;
  readonly at: string;
}

/** Where the next page starts: below this version of the account, and below this row of its chunk. */
export type StatementPosition = readonly [belowVersion: number, belowChunkRow: string];

export type StatementRequest = { readonly after?: StatementPosition | undefined; readonly limit: number };

/** The maximum number of chunk rows in one query. If all of them are entries of ticks, they take a few hundred KB. */
const ROWS_PER_QUERY = 50;
/** Ticks may be applied in another order than they were planned in, but displaced by fewer positions than this. */
const MAX_OUT_OF_ORDER = 8;
/** The number of chunk rows to read at most for each line of a page. In some ticks an account has no change. */
const MAX_ROWS_PER_LINE = 4;
/** Sorts after every row of a chunk. */
const HIGHEST_SORT_KEY = '~';

const toStatementLine = (row: Row, { amount, balance_after, version }: BalanceChange): StatementLine => ({
  entry_id: String(row['entry_id']),
  amount,
  balance_after,
  version,
  reason: row['reason'] as StatementLine['reason'],
  ref: String(row['ref']),
  at: String(row['at']),
});

/**
 * Reads one page of an account's statement, newest first. The account's own entries come from an index, which may lag;
 * bulk entries come from the rows of the account's chunk. Since versions have no gaps, they determine which entries
 * the page must have, and which of them are still missing. The last page has no `next`.
 */
export async function readStatement(
  reader: Reader,
  account: Account,
  { after, limit }: StatementRequest,
): Promise<{ lines: StatementLine[]; next?: StatementPosition }> {
  const { user_id: userId, version } = account;
  const below = Math.min(after?.[0] ?? Number.POSITIVE_INFINITY, version + 1);
  const page = createPage(userId, Math.max(1, below - limit), below);
  const query = { partition: userId, index: entriesByAccount, newestFirst: true, limit, below };
  for (const row of await reader.query(query)) page.add(row);
  const belowChunkRow = await addChunkEntries(reader, account, page, after?.[1] ?? HIGHEST_SORT_KEY);
  return { lines: page.lines(), ...(page.lowest > 1 ? { next: [page.lowest, belowChunkRow] } : {}) };
}

/** Collects the lines of one account whose version is at least `lowest` and less than `below`. */
function createPage(userId: string, lowest: number, below: number) {
  const lines = new Map<number, StatementLine>();
  return {
    lowest,
    expectedLineCount: below - lowest,
    isComplete: () => lines.size === below - lowest,
    lines: () => [...lines.values()].sort((a, b) => b.version - a.version),
    /** Adds the account's line of an entry if it is in this page. Returns whether the line is older than this page. */
    add: (row: Row): boolean => {
      const change = parseChanges(row).find(({ user_id }) => user_id === userId);
      if (!change) return false;
      if (change.version >= lowest && change.version < below) lines.set(change.version, toStatementLine(row, change));
      return change.version < lowest;
    },
  };
}

/**
 * Adds the lines of the chunk's entries to the page. Returns the sort key below which the next page starts: that of the
 * last row before the first one that is older than this page.
 */
async function addChunkEntries(
  reader: Reader,
  { chunk }: Account,
  page: ReturnType<typeof createPage>,
  startBelow: string,
): Promise<string> {
  if (chunk === undefined) return startBelow;
  const maxRows = MAX_ROWS_PER_LINE * page.expectedLineCount + 2 * ROWS_PER_QUERY;
  let nextPageBelow = startBelow;
  let below = startBelow;
  let olderLines = 0;
  for (let rowsRead = 0; !page.isComplete() && olderLines < MAX_OUT_OF_ORDER && rowsRead < maxRows; ) {
    const query = { partition: chunkKey(chunk).pk, newestFirst: true, below, limit: ROWS_PER_QUERY };
    const rows = await reader.query(query);
    for (const row of rows) {
      if (page.add(row)) olderLines += 1;
      if (olderLines === 0) nextPageBelow = row.sk;
    }
    rowsRead += rows.length;
    below = rows.at(-1)?.sk ?? below;
    // In descending order the ticks come first, then the row of the chunk, then the seeds. No entries sort below these.
    if (rows.length < ROWS_PER_QUERY || below < 'SEED#') break;
  }
  return nextPageBelow;
}
