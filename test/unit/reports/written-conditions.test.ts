import { expect, test } from 'vitest';
import { reportStore } from '../../../lambdas/reports/report-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';
import { createReportFixture, runRequested } from '../../support/report-fixture.ts';

const id = 'r'.repeat(26);
const fixture = (limits = {}) => {
  const reports = createReportFixture({ orders: 60, limits });
  const recorded = recordWrites(reports.table);
  const store = reportStore({ store: recorded.store, clock: reports.clock, deadlineMs: Number.POSITIVE_INFINITY });
  const time = new Date(reports.clock.now()).toISOString();
  const from = new Date(reports.clock.now() - 24 * 3600_000).toISOString();
  const request = { kind: 'orders', from, to: time, format: 'csv' } as const;
  return {
    ...reports,
    ...recorded,
    request: () =>
      store.request({ request, identity: { id, body_hash: 'hash', hasKey: true }, correlationId: 'request' }),
    fail: () => store.fail(runRequested(id), 'reason'),
    exportDays: () => store.requestDailyExports(reports.clock.now()),
  };
};
const RUN = 'OUTBOX#ReportRunRequested';

test('a report is created once, and each step is written under its version, with its part only if it is absent', async () => {
  const { request, run, store, takeTransactions } = fixture({ partMs: 0 });
  await request();
  await request();
  await run(runRequested(id), { store });
  expect(takeTransactions()).toEqual([
    [
      `put REPORT#${id} STATE if absent, decides, expires`,
      'put OPEN STATE if absent',
      `put REPORT#${id} ${RUN}:${id}:1 if absent, expires`,
    ],
    [`update REPORT#${id} STATE if version 1`],
    [`update REPORT#${id} STATE if version 2`, `put REPORT#${id} PART#000001 if absent, expires`],
    [`update REPORT#${id} STATE if version 3`, `put REPORT#${id} PART#000002 if absent, expires`],
    [`update REPORT#${id} STATE if version 4`, 'update OPEN STATE if version 1'],
  ]);
});

test('the next run is requested in the transaction that ends a run', async () => {
  const { request, run, store, takeTransactions } = fixture({ partMs: 0, reserveMs: 60_000 });
  await request();
  await run(runRequested(id), { store });
  expect(takeTransactions().slice(2)).toEqual([
    [
      `update REPORT#${id} STATE if version 2`,
      `put REPORT#${id} PART#000001 if absent, expires`,
      `put REPORT#${id} ${RUN}:${id}:2 if absent, expires`,
    ],
  ]);
});

test('the parts of an upload are recorded under the version of the report, and may be repeated', async () => {
  const { request, run, store, takeTransactions } = fixture({ partMs: 0, uploadBytes: 1 });
  await request();
  await run(runRequested(id), { store });
  expect(takeTransactions().slice(4)).toEqual([
    [`update REPORT#${id} STATE if version 4`],
    [`update REPORT#${id} STATE if version 5`, `put REPORT#${id} UPLOAD#000001, expires`],
    [`update REPORT#${id} STATE if version 6`, `put REPORT#${id} UPLOAD#000002, expires`],
    [`update REPORT#${id} STATE if version 7`, 'update OPEN STATE if version 1'],
  ]);
});

test('a failure is recorded under the version of the report, which then no longer counts as open', async () => {
  const { request, fail, takeTransactions } = fixture();
  await request();
  await fail();
  expect(takeTransactions().slice(1)).toEqual([
    [`update REPORT#${id} STATE if version 1`, 'update OPEN STATE if version 1'],
  ]);
});

test('each daily export is requested once', async () => {
  const { exportDays, takeTransactions } = fixture();
  expect(await exportDays()).toBe(9);
  expect(await exportDays()).toBe(0);
  const transactions = takeTransactions();
  expect(transactions).toHaveLength(9);
  for (const transaction of transactions)
    expect(transaction).toEqual([
      expect.stringMatching(/^put REPORT#\w{26} STATE if absent, decides, expires$/),
      expect.stringMatching(/^put REPORT#\w{26} OUTBOX#ReportRunRequested:\w{26}:1 if absent, expires$/),
    ]);
});
