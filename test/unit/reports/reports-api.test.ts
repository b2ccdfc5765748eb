import { beforeEach, describe, expect, test } from 'vitest';
import { handler } from '../../../lambdas/reports/api.ts';
import { createReportsApiDeps } from '../../../lambdas/reports/deps.ts';
import { MAX_OPEN_REPORTS } from '../../../lambdas/reports/report.ts';
import { reportStore } from '../../../lambdas/reports/report-store.ts';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { gatewayEvent, noon } from '../../support/fixtures.ts';
import { interruptions, interruptRead } from '../../support/interrupted-read.ts';
import { createReportFixture, runRequested } from '../../support/report-fixture.ts';
import { signMemoryLink } from '../../support/simulated-reports.ts';

const SETTLED_AFTER_MS = 300_000;
const DAY_MS = 24 * 3600_000;
const LAST_ID = 'a'.repeat(26);
const iso = (ms: number) => new Date(ms).toISOString();
const body = { kind: 'orders', from: iso(noon - DAY_MS), to: iso(noon - SETTLED_AFTER_MS), format: 'csv' };

let fixture: ReturnType<typeof createReportFixture>;
let send: ReturnType<typeof handler.withRuntime>;
beforeEach(() => {
  fixture = createReportFixture({ orders: 3 });
  const { clock, table: store } = fixture;
  const createDeps = createReportsApiDeps({ store, clock }, signMemoryLink, SETTLED_AFTER_MS);
  send = handler.withRuntime({ createDeps, clock, baseUrl: '' });
});

const post = async (changes: object = {}, key?: string) => {
  const headers: Record<string, string> = key === undefined ? {} : { 'Idempotency-Key': key };
  const response = await send(
    gatewayEvent('POST /reports', { body: JSON.stringify({ ...body, ...changes }), headers }),
  );
  return { ...response, json: JSON.parse(response.body) as Record<string, unknown> };
};
const show = async (id: unknown) => {
  const response = await send(gatewayEvent('GET /reports/{id}', { pathParameters: { id: String(id) } }));
  return { ...response, json: JSON.parse(response.body) as Record<string, unknown> };
};

describe('POST /reports', () => {
  test('returns 202 with the id and the Location of the report', async () => {
    const { statusCode, headers, json } = await post();
    expect(statusCode).toBe(202);
    expect(json).toEqual({ ...body, id: json['id'], status: 'queued', created_at: iso(noon) });
    expect(headers).toMatchObject({ Location: `/reports/${json['id']}` });
  });

  test('creates one report for concurrent requests with one key, and answers each with the first response', async () => {
    const responses = await Promise.all(Array.from({ length: 50 }, () => post({}, 'key')));
    expect(new Set(responses.map((response) => response.body)).size).toBe(1);
    expect(fixture.table.all().filter(({ sk }) => sk === 'STATE')).toHaveLength(2);
    expect(fixture.table.all().filter(({ sk }) => sk.startsWith('OUTBOX#'))).toHaveLength(1);
  });

  test('returns the first response for a repeated request, also when the report has ended', async () => {
    const first = await post({}, 'key');
    await fixture.run(runRequested(String(first.json['id'])));
    const second = await post({}, 'key');
    expect(second.body).toBe(first.body);
    expect(second.headers).toMatchObject({ 'Idempotency-Replayed': 'true' });
    expect((await post({ kind: 'ledger' }, 'key')).json).toMatchObject({ code: 'idempotency_key_reused' });
  });

  test('normalizes the times of the range, because rows are compared with their text', async () => {
    const { json } = await post({ from: '2025-12-31T12:00:00Z', to: '2026-01-01T00:00:00.5Z' });
    expect(json).toMatchObject({ from: '2025-12-31T12:00:00.000Z', to: '2026-01-01T00:00:00.500Z' });
  });

  test('rejects a range whose rows may still be written', async () => {
    const { statusCode, json } = await post({ to: iso(noon - SETTLED_AFTER_MS + 1) });
    expect([statusCode, json['code']]).toEqual([422, 'range_not_settled']);
  });

  test.each([
    ['that ends before it starts', { to: iso(noon - 2 * DAY_MS) }],
    ['that is empty', { to: body.from }],
    ['of more than 366 days', { from: iso(noon - SETTLED_AFTER_MS - 366 * DAY_MS - 1) }],
  ])('rejects a range %s', async (_, changes) => {
    const { statusCode, json } = await post(changes);
    expect(statusCode).toBe(400);
    expect(json['errors']).toEqual([{ path: 'to', message: expect.stringContaining('after from') }]);
  });

  test('reports all errors of a body at once', async () => {
    const { json } = await post({ kind: 'users', format: 'xml', from: 'yesterday', colour: 'red' });
    const paths = (json['errors'] as { path: string }[]).map(({ path }) => path);
    expect(paths.toSorted()).toEqual(['colour', 'format', 'from', 'kind']);
  });

  test.each(interruptions)('returns the last report to two attempts of its request (%o)', async (interruption) => {
    for (let index = 1; index < MAX_OPEN_REPORTS; index++) await post();
    const { clock, table } = fixture;
    const requestOn = (store: Store) =>
      reportStore({ store, clock, deadlineMs: Number.POSITIVE_INFINITY }).request({
        request: { ...body, kind: 'orders', format: 'csv' },
        identity: { id: LAST_ID, body_hash: 'hash', hasKey: true },
        correlationId: 'request',
      });
    const store = interruptRead(table, interruption, () => requestOn(table));
    expect(await requestOn(store)).toMatchObject({ report: { id: LAST_ID } });
  });

  test('rejects another report while too many are open, and accepts one when one of them has ended', async () => {
    const ids: string[] = [];
    for (let index = 0; index < MAX_OPEN_REPORTS; index++) ids.push(String((await post()).json['id']));
    expect(await post()).toMatchObject({ statusCode: 429, json: { code: 'too_many_reports' } });
    await fixture.run(runRequested(ids[0] ?? ''));
    expect((await post()).statusCode).toBe(202);
    expect((await post()).statusCode).toBe(429);
    await fixture.reports().fail(runRequested(ids[1] ?? ''), 'a reason');
    expect((await post()).statusCode).toBe(202);
  });

  test('does not count an open report of more than a day ago, because its message may be lost', async () => {
    for (let index = 0; index < MAX_OPEN_REPORTS; index++) await post();
    fixture.clock.pass(DAY_MS);
    expect((await post()).statusCode).toBe(202);
  });
});

describe('GET /reports/{id}', () => {
  test('shows a report that is queued, without a link', async () => {
    const { json } = await post();
    expect((await show(json['id'])).json).toEqual({ ...json, rows: 0, sums: {} });
  });

  test('shows rows, sums and a link of a finished report, whose sums have all digits', async () => {
    const { json } = await post();
    await fixture.run(runRequested(String(json['id'])));
    const shown = await show(json['id']);
    expect(shown.json).toMatchObject({ status: 'finished', rows: 3, sums: { amount: 6, amount_new: 6 } });
    expect(shown.json['url']).toBe(
      `memory://reports/date=2026-01-01/${json['id']}.csv.gz?` +
        'name=orders_2025-12-31T12-00-00.000Z_2026-01-01T11-55-00.000Z.csv.gz&expires=300',
    );
    expect(shown.json['url_expires_at']).toBe(iso(noon + 300_000));
  });

  test('shows why a report has failed', async () => {
    const { json } = await post();
    await fixture.reports().fail(runRequested(String(json['id'])), 'Error: a reason');
    const shown = await show(json['id']);
    expect(shown.json).toMatchObject({ status: 'failed', reason: 'Error: a reason' });
    expect(shown.json).not.toHaveProperty('url');
  });

  test('returns 410 when the file has expired, and 404 when the report has', async () => {
    const { json } = await post();
    await fixture.run(runRequested(String(json['id'])));
    fixture.clock.pass(7 * DAY_MS - 1);
    expect((await show(json['id'])).statusCode).toBe(200);
    fixture.clock.pass(1);
    expect(await show(json['id'])).toMatchObject({ statusCode: 410, json: { code: 'report_expired' } });
    fixture.clock.pass(23 * DAY_MS);
    expect(await show(json['id'])).toMatchObject({ statusCode: 404, json: { code: 'report_not_found' } });
  });

  test('returns 404 for an unknown report', async () => {
    expect(await show('z'.repeat(26))).toMatchObject({ statusCode: 404, json: { code: 'report_not_found' } });
  });
});
