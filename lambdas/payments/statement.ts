import type { Row, Store } from '../shared/store/store.ts';
import { readAccount } from './account-store.ts';
import { parseChanges } from './entry-row.ts';
import type { Account, BalanceChange, BulkEntry, Entry } from './ledger.ts';
import { chunkKey } from './rows.ts';
import { entriesByAccount } from './table.ts';

/** One change of an account, as its owner reads it. */
export interface StatementLine extends Omit<BalanceChange, 'user_id'> {
  readonly entry_id: string;
  readonly reason: Entry['reason'] | BulkEntry['reason'];
  readonly ref: string;
  readonly at: string;
}

/** Where a statement goes on: below this version, and below this row of the account's chunk. */
export type StatementPosition = readonly [below: number, chunkRow: string];

export interface StatementPage {
  readonly lines: readonly StatementLine[];
  /** Absent on the last page. */
  readonly next?: StatementPosition;
}

/** Of a chunk's rows at once: a few hundred KB where each is the entry of a tick. */
const ROWS_PER_QUERY = 50;
/** Ticks may be applied in another order than they were planned in, but no further apart than this. */
const MAX_OUT_OF_ORDER = 8;
/** For each line that a page has room for, so many rows at most: in some ticks there is nothing to give or take. */
const MAX_ROWS_PER_LINE = 4;

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
 * Newest first. What is an account's alone comes from an index, which may lag by a moment; what it shares with its
 * chunk from the chunk's own rows. Versions have no gaps, so they tell what a page must hold, and what is still missing.
 */
export async function readStatement(
  store: Store,
  userId: string,
  { after, limit }: { after?: StatementPosition | undefined; limit: number },
): Promise<StatementPage> {
  const account = await readAccount(store, userId);
  const below = Math.min(after?.[0] ?? Number.POSITIVE_INFINITY, account.version + 1);
  const page = new PageBuilder(userId, Math.max(1, below - limit), below);
  for (const row of await store.query({ partition: userId, index: entriesByAccount, newestFirst: true, limit, below }))
    page.take(row);
  const place = await readFromChunk(store, account, page, after?.[1] ?? HIGHEST_SORT_KEY);
  return { lines: page.lines, ...(page.lowest > 1 ? { next: [page.lowest, place] } : {}) };
}

/** Above every row of a chunk. */
const HIGHEST_SORT_KEY = '~';

/** The lines of one account from version `lowest` up to below `below`, as they are found. */
class PageBuilder {
  readonly #userId: string;
  readonly lowest: number;
  readonly #below: number;
  readonly #found = new Map<number, StatementLine>();

  constructor(userId: string, lowest: number, below: number) {
    this.#userId = userId;
    this.lowest = lowest;
    this.#below = below;
  }

  get room(): number {
    return this.#below - this.lowest;
  }

  get isWhole(): boolean {
    return this.#found.size === this.room;
  }

  get lines(): StatementLine[] {
    return [...this.#found.values()].sort((one, other) => other.version - one.version);
  }

  /** Whether what the row says of this account is older than this page. */
  take(row: Row): boolean {
    const share = parseChanges(row).find(({ user_id }) => user_id === this.#userId);
    if (!share) return false;
    if (share.version >= this.lowest && share.version < this.#below)
      this.#found.set(share.version, toStatementLine(row, share));
    return share.version < this.lowest;
  }
}

/** Answers the row below which everything is older than this page. */
async function readFromChunk(store: Store, { chunk }: Account, page: PageBuilder, from: string): Promise<string> {
  let place = from;
  let seen = from;
  let older = 0;
  const most = MAX_ROWS_PER_LINE * page.room + 2 * ROWS_PER_QUERY;
  for (let read = 0; chunk !== undefined && !page.isWhole && older < MAX_OUT_OF_ORDER && read < most; ) {
    const rows = await store.query({
      partition: chunkKey(chunk).pk,
      newestFirst: true,
      below: seen,
      limit: ROWS_PER_QUERY,
    });
    for (const row of rows) {
      if (page.take(row)) older += 1;
      if (older === 0) place = row.sk;
    }
    read += rows.length;
    seen = rows.at(-1)?.sk ?? seen;
    // ticks come first, then the seed; below that there are no entries
    if (rows.length < ROWS_PER_QUERY || seen < 'SEED#') break;
  }
  return place;
}
