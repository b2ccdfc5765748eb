import { scanOrders } from '../orders/orders-port.ts';
import { type BalancesPosition, readBalancesAt } from '../payments/balances-port.ts';
import { scanPostings } from '../payments/postings-port.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import type { Scanner } from '../shared/store/scanner.ts';
import type { ReadableTable } from '../shared/store/store.ts';
import { depsFactory, lambdaPorts, type TablePorts, tableReader, tableScanner } from '../shared/store/tables.ts';
import { ExportsEnv, ReportsApiEnv, RunEnv } from './env.ts';
import type { ObjectStore, SignLink } from './object-store.ts';
import type { Report } from './report.ts';
import { type ReportStore, reportStore } from './report-store.ts';
import { type RunLimits, type RunPorts, runLimits } from './run.ts';
import { createLinkSigner, createS3ObjectStore } from './s3-object-store.ts';
import { bucketFromEnv } from './s3-request.ts';
import { type Source, segmentedSource, sequentialSource } from './source.ts';

export type ReportsApiDeps = { reports: ReportStore; signLink: SignLink; settledAfterMs: number };

/** What the worker reads: the tables of other contexts, through their ports, which only read. */
export interface ReadTables {
  readonly orders: Scanner;
  readonly ledger: Scanner;
  readonly accounts: ReadableTable;
}

export const createReportsApiDeps = (ports: TablePorts, signLink: SignLink, settledAfterMs: number) =>
  depsFactory((work): ReportsApiDeps => ({ reports: reportStore(work), signLink, settledAfterMs }))(ports);

/** Returns the source of a report. Its calls end by the deadline. */
const createSource = ({ orders, ledger, accounts }: ReadTables, deadlineMs: number, report: Report): Source => {
  const { kind, from, to } = report;
  switch (kind) {
    case 'orders':
      return segmentedSource((segment) => scanOrders(orders.withDeadline(deadlineMs), { from, to, ...segment }));
    case 'ledger':
      return segmentedSource((segment) => scanPostings(ledger.withDeadline(deadlineMs), { from, to, ...segment }));
    case 'balances':
      return sequentialSource<BalancesPosition>((position, hasTime) =>
        readBalancesAt(accounts.withDeadline(deadlineMs), to, position, hasTime),
      );
  }
};

export const createRunDeps = (
  ports: TablePorts,
  { tables, objects, limits = runLimits }: { tables: ReadTables; objects: ObjectStore; limits?: RunLimits },
) =>
  depsFactory(
    (work): RunPorts => ({
      reports: reportStore(work),
      objects: objects.withDeadline(work.deadlineMs),
      sourceOf: (report) => createSource(tables, work.deadlineMs, report),
      clock: work.clock,
      limits,
    }),
  )(ports);

export const createExportsDeps = (ports: TablePorts, settledAfterMs: number) =>
  depsFactory((work) => ({ reports: reportStore(work), settledAfterMs }))(ports);

export const reportsApiDeps = () => {
  const { REPORTS_TABLE, REPORTS_BUCKET, SETTLED_AFTER_S } = readEnv(ReportsApiEnv);
  const signLink = createLinkSigner(bucketFromEnv(REPORTS_BUCKET));
  return createReportsApiDeps(lambdaPorts(REPORTS_TABLE), signLink, 1000 * Number(SETTLED_AFTER_S));
};

export const runDeps = () => {
  const { REPORTS_TABLE, REPORTS_BUCKET, ORDERS_TABLE, PAYMENTS_TABLE } = readEnv(RunEnv);
  return createRunDeps(lambdaPorts(REPORTS_TABLE), {
    tables: {
      orders: tableScanner(ORDERS_TABLE),
      ledger: tableScanner(PAYMENTS_TABLE),
      accounts: tableReader(PAYMENTS_TABLE),
    },
    objects: createS3ObjectStore(bucketFromEnv(REPORTS_BUCKET), systemClock),
  });
};

export const exportsDeps = () => {
  const { REPORTS_TABLE, SETTLED_AFTER_S } = readEnv(ExportsEnv);
  return createExportsDeps(lambdaPorts(REPORTS_TABLE), 1000 * Number(SETTLED_AFTER_S));
};
