import type { Index } from '../shared/store/store.ts';

/** All reports by time, newest first. Both attributes never change, so no step of a report writes to the index. */
export const reportsByTime: Index = { name: 'by_time', partitionKey: 'list', sortKey: 'listed_at' };

interface Column {
  readonly name: string;
  readonly type: 'text' | 'integer';
}

const text = (name: string): Column => ({ name, type: 'text' });
const integer = (name: string): Column => ({ name, type: 'integer' });

/** The columns of each kind of report, in the order of a CSV file. The tables for Athena have the same columns. */
export const reportColumns = {
  orders: [
    text('order_id'),
    text('user_id'),
    integer('amount'),
    text('status'),
    text('reason'),
    text('description'),
    text('created_at'),
    text('updated_at'),
  ],
  ledger: [
    text('entry_id'),
    text('account'),
    integer('amount'),
    integer('balance_after'),
    integer('version'),
    text('reason'),
    text('ref'),
    text('at'),
  ],
  balances: [text('user_id'), integer('balance'), integer('version'), text('changed_at')],
} as const satisfies Readonly<Record<string, readonly Column[]>>;

/**
 * The folders of the bucket. `parts` holds what a running report has written so far, `reports` the files of requested
 * reports, and `exports` those of the daily exports, in the layout that Athena reads.
 */
export const folders = { parts: 'parts/', reports: 'reports/', exports: 'exports/' } as const;

/**
 * The days for which the files of each folder are kept. The lifecycle of the bucket deletes them after that. A report
 * that was dead-lettered can be continued for 14 days, and needs its parts for that. An upload that was started and not
 * completed is kept for as long as parts.
 */
export const keptDays = { parts: 15, reports: 7, exports: 400 } as const;

/** The format of the daily exports. JSON has types, and a text in it needs no protection against spreadsheets. */
export const DAILY_FORMAT = 'ndjson';

/** The timeout of the worker. No other run takes over before its end. */
export const RUN_TIMEOUT_S = 60;

/**
 * The time for which a run works. The calls of a consumer end after half of its timeout, so 10 s are left for the last
 * part of the run.
 */
export const RUN_WORK_S = 20;
