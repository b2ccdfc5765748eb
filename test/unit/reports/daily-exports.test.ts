import { beforeEach, describe, expect, test } from 'vitest';
import { daysBetween, kinds, lastDays } from '../../../lambdas/reports/report.ts';
import { fileKey } from '../../../lambdas/reports/report-row.ts';
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
const request = (day = yesterday()) => fixture.reports().requestExport('orders', day);
const fail = (id: string) => fixture.reports().fail(runRequested(id), 'the table was gone');

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
