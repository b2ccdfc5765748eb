import type { EventOf } from '../../events/envelope.ts';
import { ReportRunRequested } from '../../events/reports/report-run-requested.ts';
import { createRunDeps } from '../../lambdas/reports/deps.ts';
import type { ObjectStore } from '../../lambdas/reports/object-store.ts';
import type { ReportRequest } from '../../lambdas/reports/report.ts';
import { reportStore } from '../../lambdas/reports/report-store.ts';
import { type RunLimits, runLimits } from '../../lambdas/reports/run.ts';
import { runReport } from '../../lambdas/reports/run-report.ts';
import { createRandomId } from '../../lambdas/shared/runtime/ids.ts';
import type { Store } from '../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from './fixtures.ts';
import { createMemoryObjectStore } from './memory-object-store.ts';
import { createMemoryScanner } from './memory-scanner.ts';
import { createMemoryStore } from './memory-store.ts';

export type RunEvent = EventOf<typeof ReportRunRequested>;

const DAY_MS = 24 * 3600_000;
/** The time that a worker has, half of its timeout. */
const RUN_MS = 30_000;
const ROWS_PER_PAGE = 10;

export const runRequested = (report_id: string, run = 1): RunEvent =>
  ReportRunRequested.make(
    { report_id, run },
    { time: new Date(noon).toISOString(), correlation_id: report_id, causation_id: 'request' },
  );

interface Options {
  readonly orders?: number;
  readonly limits?: Partial<RunLimits>;
  /** The time that one page of a table takes. */
  readonly pageMs?: number;
}

/** Reports on tables in memory, with a clock that advances by a fixed time for each page. */
export function createReportFixture({ orders: orderCount = 0, limits = {}, pageMs = 0 }: Options = {}) {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  const orders = createMemoryStore({ now: clock.now });
  const payments = createMemoryStore({ now: clock.now });
  const bucket = createMemoryObjectStore({ now: clock.now, minPartBytes: limits.uploadBytes ?? runLimits.uploadBytes });
  const orderIds = Array.from({ length: orderCount }, (_, index) => `o${String(index).padStart(4, '0')}`);
  const created_at = new Date(noon - DAY_MS / 2).toISOString();
  const written = orders.write(
    orderIds.map((id, index) => ({
      op: 'put',
      row: {
        ...{ pk: `ORDER#${id}`, sk: 'STATE', id, user_id: 'alice', amount: index + 1, version: 1 },
        ...{ created_at, updated_at: created_at, state: { status: 'NEW' } },
      },
    })),
    'orders',
  );
  const slow = (scanner: ReturnType<typeof createMemoryScanner>): typeof scanner => ({
    withDeadline: (deadlineMs) => slow(scanner.withDeadline(deadlineMs)),
    scan: async (request) => {
      await written;
      clock.pass(pageMs);
      return scanner.scan(request);
    },
  });
  const request: ReportRequest = {
    kind: 'orders',
    from: new Date(noon - DAY_MS).toISOString(),
    to: new Date(noon).toISOString(),
    format: 'csv',
  };
  const depsOn = (store: Store, objects: ObjectStore) =>
    createRunDeps(
      { store, clock },
      {
        tables: {
          orders: slow(createMemoryScanner(orders, { now: clock.now, pageSize: ROWS_PER_PAGE })),
          ledger: slow(createMemoryScanner(payments, { now: clock.now, pageSize: ROWS_PER_PAGE })),
          accounts: payments,
        },
        objects,
        limits: { ...runLimits, ...limits },
      },
    )({ deadlineMs: clock.now() + RUN_MS });
  const reports = () => reportStore({ store: table, clock, deadlineMs: clock.now() + RUN_MS });
  return {
    clock,
    table,
    orders,
    payments,
    bucket,
    orderIds,
    reports,
    /** Requests a report and returns its id. */
    create: async (changes: Partial<ReportRequest> = {}): Promise<string> => {
      const identity = { id: createRandomId(), body_hash: 'hash', hasKey: false };
      await reports().request({ request: { ...request, ...changes }, identity, correlationId: 'request' });
      return identity.id;
    },
    /** Runs the worker once, as for one message. */
    run: (event: RunEvent, { store = table, objects = bucket }: { store?: Store; objects?: ObjectStore } = {}) =>
      runReport(depsOn(store, objects), event, {
        deadlineMs: clock.now() + RUN_MS,
        createReceipt: () => ({}),
        messageIdOf: () => '-',
        receiveCountOf: () => 1,
      }),
  };
}
