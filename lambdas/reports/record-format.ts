import { csvLine } from './csv.ts';
import type { Format, Kind, Sums } from './report.ts';
import { reportColumns } from './table.ts';

/** One line of a report. A value that a record does not have is undefined. */
export type ReportRecord = Readonly<Record<string, string | number | undefined>>;

const columnNames = (kind: Kind): string[] => reportColumns[kind].map(({ name }) => name);

/** Returns what a file begins with: the names of the columns in CSV, and nothing in NDJSON. */
export const headerOf = (kind: Kind, format: Format): string => (format === 'csv' ? csvLine(columnNames(kind)) : '');

/** Returns a function that formats a record as one line. */
export function lineFormat(kind: Kind, format: Format): (record: ReportRecord) => string {
  const names = columnNames(kind);
  if (format === 'csv') return (record) => csvLine(names.map((name) => record[name]));
  return (record) => `${JSON.stringify(Object.fromEntries(names.map((name) => [name, record[name]])))}\n`;
}

/** The sums to which a record adds, and the attribute that it adds. */
const summed: Readonly<Record<Kind, (record: ReportRecord) => { readonly names: readonly string[]; amount: unknown }>> =
  {
    orders: ({ amount, status }) => ({ names: ['amount', `amount_${String(status).toLowerCase()}`], amount }),
    // Each counterparty has a sum of its own, and all customers have one.
    ledger: ({ amount, account }) => ({
      names: ['total', String(account).startsWith('user:') ? 'users' : String(account)],
      amount,
    }),
    balances: ({ balance }) => ({ names: ['balance'], amount: balance }),
  };

/** Returns the sums of some records. Each amount is a safe integer, and a sum may exceed that. */
export function sumsOf(kind: Kind, records: readonly ReportRecord[]): Sums {
  const sums: Record<string, bigint> = {};
  for (const record of records) {
    const { names, amount } = summed[kind](record);
    if (!Number.isSafeInteger(amount)) throw new Error(`${String(amount)} is not an amount of money`);
    for (const name of names) sums[name] = (sums[name] ?? 0n) + BigInt(amount as number);
  }
  return sums;
}
