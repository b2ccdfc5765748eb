import { beforeEach, describe, expect, test } from 'vitest';
import { daysBetween, kinds, lastDays } from '../../../lambdas/reports/report.ts';
import { fileKey } from '../../../lambdas/reports/report-row.ts';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { createReportFixture, runRequested } from '../../support/report-fixture.ts';

const DAY_MS = 24 * 3600_000;

let fixture: ReturnType<typeof createReportFixture>;
beforeEach(() => {
  fixture = createReportFixture({ orders: 5 });
});
const yesterday = () => {
  const [day] = lastDays(fixture.clock.now(), 1);
  if (!day) throw new Error('there is no last day');
  return day;
};
type RunData = { report_id: string; run: number };
const request = (day = yesterday()) => fixture.reports().requestExport('orders', day);
const fail = (id: string) => fixture.reports().fail(runRequested(id), 'the table was gone');

describe('a run whose event was lost', () => {
  const HOUR_MS = 3600_000;
  const repeated = () =>
    fixture.table
      .all()
      .filter(({ sk }) => sk.startsWith('OUTBOX#'))
      .flatMap(parseOutboxRecord)
      .filter(({ nudge }) => nudge !== undefined)
      .map(({ data }) => data as RunData)
      .toSorted((a, b) => a.report_id.localeCompare(b.report_id));
  const repeat = () => fixture.reports().repeatLostRuns(fixture.clock.now());

  test('is requested again after an hour, once for each run of the schedule', async () => {
    const ids = [await fixture.create(), (await request()).id].toSorted((a, b) => a.localeCompare(b));
    fixture.clock.pass(HOUR_MS - 1);
    expect(await repeat()).toBe(0);
    fixture.clock.pass(1);
    for (let time = 0; time < 2; time++) expect(await repeat()).toBe(2);
    expect(repeated()).toEqual(ids.map((report_id) => ({ report_id, run: 1 })));
    for (const { report_id, run } of repeated()) await fixture.run(runRequested(report_id, run));
    fixture.clock.pass(HOUR_MS);
    expect(await repeat()).toBe(0);
  });

  test('is requested an hour after the run before it has ended, and not while a worker has the lease', async () => {
    const slow = createReportFixture({ orders: 60, limits: { partMs: 0, reserveMs: 60_000 } });
    const id = await slow.create();
    slow.clock.pass(2 * HOUR_MS);
    await slow.run(runRequested(id));
    const repeatSlow = () => slow.reports().repeatLostRuns(slow.clock.now());
    expect(await slow.reports().get(id)).toMatchObject({ status: 'running', run: 2 });
    expect(await repeatSlow()).toBe(0);
    slow.clock.pass(HOUR_MS);
    expect(await repeatSlow()).toBe(1);
    await slow.reports().startRun(runRequested(id, 2), 'worker');
    expect(await repeatSlow()).toBe(0);
  });

  test('is not requested if its report has failed', async () => {
    await fail((await request()).id);
    fixture.clock.pass(HOUR_MS);
    expect(await repeat()).toBe(0);
  });
});

describe('the export of a day', () => {
  test('has the id of the schedule, so that only one of both requests it', async () => {
    await fixture.reports().requestDailyExports(fixture.clock.now());
    const all = await Promise.all(kinds.map((kind) => fixture.reports().requestExport(kind, yesterday())));
    expect(all.map(({ isNew }) => isNew)).toEqual([false, false, false]);
    const [earlier] = daysBetween(Date.parse('2020-01-01'), Date.parse('2020-01-02'));
    expect(await request(earlier)).toMatchObject({ isNew: true });
    expect(await request(earlier)).toMatchObject({ isNew: false });
  });

  test('is written for any day that is over', async () => {
    const created = await request();
    await fixture.run(runRequested(created.id));
    const report = await fixture.reports().get(created.id);
    expect(report).toMatchObject({ status: 'finished', origin: 'daily', format: 'ndjson', from: yesterday().from });
    expect(
      fixture.bucket.objects.has(`exports/kind=orders/date=${yesterday().date}/orders-${yesterday().date}.ndjson.gz`),
    ).toBe(true);
  });

  test('is requested again if it has failed, and writes the same file', async () => {
    const first = await request();
    await fail(first.id);
    const second = await request();
    expect(second).toMatchObject({ isNew: true });
    expect(second.id).not.toBe(first.id);
    expect(await request()).toEqual({ id: second.id, isNew: false });
    await fixture.run(runRequested(second.id));
    const [failed, finished] = [await fixture.reports().get(first.id), await fixture.reports().get(second.id)];
    expect([failed.status, finished.status]).toEqual(['failed', 'finished']);
    expect(fileKey(finished)).toBe(fileKey(failed));
  });

  test('that has failed and was continued is not requested again', async () => {
    const { id } = await request();
    await fail(id);
    await fixture.run(runRequested(id));
    expect(await request()).toEqual({ id, isNew: false });
  });

  test('is not requested by the schedule again if it has failed', async () => {
    await fixture.reports().requestDailyExports(fixture.clock.now());
    const { id } = await request();
    await fail(id);
    expect(await fixture.reports().requestDailyExports(fixture.clock.now())).toBe(0);
  });

  test('is requested again when its row has expired, whether or not TTL has deleted it', async () => {
    const day = yesterday();
    const { id } = await request(day);
    fixture.clock.pass(31 * DAY_MS);
    expect(await request(day)).toMatchObject({ isNew: true });
    expect((await request(day)).id).not.toBe(id);
  });

  test('is refused after ten attempts', async () => {
    for (let attempt = 1; attempt <= 10; attempt++) await fail((await request()).id);
    await expect(request()).rejects.toMatchObject({ code: 'too_many_attempts' });
  });
});
