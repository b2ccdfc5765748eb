import type { Key, Row } from './store.ts';

/** Selects the rows whose attribute is at least `from` and below `below`. Rows without the attribute are left out. */
export interface ScanRange {
  readonly attribute: string;
  readonly from: string;
  readonly below: string;
}

export interface ScanRequest {
  /** The segment to read, from 0. The segments of a table are disjoint, and together they have all of its rows. */
  readonly segment: number;
  readonly segments: number;
  readonly range: ScanRange;
  /** The last key of the page before. Absent for the first page. */
  readonly after?: Key | undefined;
}

export interface ScanPage {
  /** The selected rows of this page. There may be none although further pages have some. */
  readonly rows: readonly Row[];
  /** Where the next page starts. Absent on the last page. */
  readonly next?: Key;
}

/**
 * Reads a whole table in segments. Every read row is paid, also those that the range leaves out, so this is for exports
 * and not for requests. Each row is strongly consistent. A row that exists from the first page to the last is returned
 * exactly once, in the same order each time; a row that is written in the meantime may be returned or not.
 */
export interface Scanner {
  scan(request: ScanRequest): Promise<ScanPage>;
  /** Returns the same table with calls that end by the deadline, in ms since the epoch: they then throw `Busy`. */
  withDeadline(deadlineMs: number): Scanner;
}
