import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { gunzipSync } from 'node:zlib';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';
import { parsePostings } from '../../lambdas/payments/entry-row.ts';
import { ApiClient, expectStatus, type HttpResponse } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { EngineFunctions } from '../support/engine-functions.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const ORDERS = Number(process.env['ORDERS'] ?? 100);
const DEPOSIT = 1_000_000;
const REPORT_TIMEOUT_MS = 60_000;

const api = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));
const cli = new OpsCli(inject('endpoint'));

let customer: string;
let from: string;
let to: string;
let ids: readonly string[];
let folder: string;

/** Requests a report as soon as its range is settled. */
const request = (kind: string, format = 'csv', key = `${kind} ${format} ${from}`): Promise<HttpResponse> =>
  poll(
    () => api.post('/reports', { kind, from, to, format }, { key }),
    ({ body }) => body['code'] !== 'range_not_settled',
    REPORT_TIMEOUT_MS,
  );

async function finished(id: string) {
  const { body } = await poll(
    () => api.get(`/reports/${id}`),
    ({ body: { status } }) => status === 'finished' || status === 'failed',
    REPORT_TIMEOUT_MS,
  );
  expect(body).toMatchObject({ status: 'finished' });
  return body;
}

async function download(url: unknown): Promise<string> {
  const response = await fetch(String(url));
  expect(response.status).toBe(200);
  return gunzipSync(Buffer.from(await response.arrayBuffer())).toString();
}

async function exportKind(kind: string, format = 'csv') {
  const { body } = expectStatus(await request(kind, format), 202);
  const report = await finished(String(body['id']));
  return { report, lines: (await download(report['url'])).split(/\r?\n/).slice(0, -1) };
}

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'reports-test-'));
  from = new Date().toISOString();
  customer = await api.customer(DEPOSIT);
  const orders: string[] = [];
  const clients = Array.from({ length: 4 }, async () => {
    while (orders.length < ORDERS)
      orders.push(await api.order(customer, 1 + orders.length, { description: '=1+1, "x"' }));
  });
  await Promise.all(clients);
  orders.push(await api.order(customer, 2 * DEPOSIT));
  ids = orders;
  await api.countFinalStates(ids);
  to = new Date(Date.now() + 1).toISOString();
});
afterAll(() => rm(folder, { recursive: true }));

describe('a report', () => {
  test('of orders has each order of the range once, and sums that equal the ledger', async () => {
    const { report, lines } = await exportKind('orders');
    const own = lines.filter((line) => line.includes(customer));
    expect(own).toHaveLength(ids.length);
    expect(own.map((line) => line.slice(0, 26)).toSorted()).toEqual(ids.toSorted());
    expect(own[0]).toContain(`"'=1+1, ""x"""`);
    expect(report['rows']).toBe(lines.length - 1);
    const rows = await engine.rows('payments');
    const captured = rows
      .filter(
        ({ pk, sk, at }) => sk === 'PAYMENT' && String(at) >= from && String(at) < to && ids.includes(pk.slice(6)),
      )
      .flatMap(parsePostings)
      .filter(({ account }) => account === 'merchant:orders')
      .reduce((sum, { amount }) => sum + amount, 0);
    const finishedAmount = own
      .filter((line) => line.includes(',FINISHED,'))
      .reduce((sum, line) => sum + Number(line.split(',')[2]), 0);
    expect(finishedAmount).toBe(captured);
    expect(own.filter((line) => line.includes(',CANCELLED,insufficient_funds,'))).toHaveLength(1);
    console.log(`${lines.length - 1} orders, ${JSON.stringify(report['sums'])}, ${report['bytes']} bytes`);
  });

  test('of the ledger has the postings and the sums of all entries of the range', async () => {
    const { report, lines } = await exportKind('ledger', 'ndjson');
    const entries = (await engine.rows('payments')).filter(({ at }) => String(at) >= from && String(at) < to);
    const postings = entries.flatMap(parsePostings);
    expect(report).toMatchObject({ rows: postings.length, sums: { total: 0 } });
    const amountOf = (account: string) =>
      postings.filter((posting) => posting.account === account).reduce((sum, { amount }) => sum + amount, 0);
    expect((report['sums'] as Record<string, number>)['merchant:orders']).toBe(amountOf('merchant:orders'));
    expect(
      lines.map((line) => JSON.parse(line) as { amount: number }).reduce((sum, { amount }) => sum + amount, 0),
    ).toBe(0);
  });

  test('of balances has the balance of each account at the end of the range, also if it has changed since', async () => {
    const before = await api.balance(customer);
    await api.post('/payments/accounts/deposit', { user_id: customer, amount: 7 });
    // These accounts did not exist at the end of the range.
    await cli.json('seed', 'users', '--count', '3', '--seed', '77');
    const { report, lines } = await exportKind('balances');
    expect(lines.find((line) => line.startsWith(customer))).toContain(`${customer},${before},`);
    expect(lines.filter((line) => line.startsWith('u77-'))).toEqual([]);
    expect(await api.balance(customer)).toBe(before + 7);
    const total = lines.slice(1).reduce((sum, line) => sum + Number(line.split(',')[1]), 0);
    expect(report['sums']).toEqual({ balance: total });
  });

  test('is created once for each Idempotency-Key, and its first response is repeated', async () => {
    const first = await request('orders', 'csv', 'once');
    expect(first.headers.get('location')).toMatch(new RegExp(`/reports/${first.body['id']}$`));
    await finished(String(first.body['id']));
    const again = await request('orders', 'csv', 'once');
    expect(again).toMatchObject({ status: 202, body: first.body });
    expect(again.headers.get('idempotency-replayed')).toBe('true');
    expect(await request('ledger', 'csv', 'once')).toMatchObject({
      status: 422,
      body: { code: 'idempotency_key_reused' },
    });
  });

  test('has a link that reads its own file only', async () => {
    const { report } = await exportKind('orders');
    const url = String(report['url']);
    const other = await exportKind('ledger', 'ndjson');
    expect((await fetch(url.replace(String(report['id']), String(other.report['id'])))).status).toBe(403);
    expect((await fetch(url.split('?')[0] ?? '')).status).toBe(403);
  });

  test('is requested, shown, listed and downloaded by the operator', async () => {
    const range = ['--from', from, '--to', to];
    const created = await cli.json<{ id: string; status: string }>(
      ...['reports', 'create', '--kind', 'orders', '--format', 'ndjson', '--wait', ...range],
    );
    expect(created.status).toBe('finished');
    expect(await cli.json('reports', 'show', created.id)).toMatchObject({ id: created.id, status: 'finished' });
    const listed = await cli.json<{ id: string }[]>('reports', 'list');
    expect(listed.map(({ id }) => id)).toContain(created.id);
    const file = join(folder, 'orders.ndjson.gz');
    await cli.json('reports', 'download', created.id, '--output', file);
    const lines = gunzipSync(await readFile(file))
      .toString()
      .trimEnd()
      .split('\n');
    expect(lines.filter((line) => line.includes(customer))).toHaveLength(ids.length);
    expect(await cli.run('reports', 'show', 'z'.repeat(26))).toMatchObject({ code: 1 });
  });
});

test('the schedule exports each of the last days once, under the folder of its date', async () => {
  const functions = new EngineFunctions(inject('endpoint'));
  const plan = () => functions.runJob('reports-plan-daily-exports', new Date());
  const listDaily = async () => {
    const reports = await cli.json<{ id: string; kind: string; from: string; origin: string; status: string }[]>(
      ...['reports', 'list', '--limit', '200'],
    );
    return reports.filter(({ origin }) => origin === 'daily');
  };
  await plan();
  const exports = await poll(
    listDaily,
    (list) => list.length >= 9 && list.every(({ status }) => status === 'finished'),
    60_000,
  );
  await plan();
  expect(await listDaily()).toHaveLength(exports.length);
  for (const { id, kind, from: start } of exports) {
    const { url, format } = await finished(id);
    const date = start.slice(0, 10);
    expect(decodeURIComponent(new URL(String(url)).pathname)).toMatch(
      new RegExp(`/exports/kind=${kind}/date=${date}/${kind}-${date}.${format}.gz$`),
    );
    await download(url);
  }
});

test('an operator exports a day that the schedule does not know, once', async () => {
  const dateOf = (daysAgo: number) => new Date(Date.now() - daysAgo * 86_400_000).toISOString().slice(0, 10);
  const range = ['--from', dateOf(9), '--to', dateOf(8), '--kind', 'ledger', '--kind', 'balances'];
  const exportRange = () =>
    cli.json<{ id: string; date: string; requested: boolean; status: string }[]>('reports', 'export', ...range);
  const first = await exportRange();
  expect(first).toMatchObject(['ledger', 'balances'].map((kind) => ({ kind, date: dateOf(9), requested: true })));
  expect(first.map(({ status }) => status)).toEqual(['finished', 'finished']);
  for (const { id } of first) await download((await finished(id))['url']);
  expect(await exportRange()).toEqual(first.map((day) => ({ ...day, requested: false })));
});
