import { gunzipSync } from 'node:zlib';
import { beforeAll, describe, expect, test } from 'vitest';
import { parsePostings } from '../../lambdas/payments/entry-row.ts';
import { writeOrders } from '../support/exported-orders.ts';
import { type HttpResponse, Simulation } from '../support/simulation.ts';

const ORDERS = 10_000;
const START_MS = Date.parse('2025-12-31T06:00:00Z');
const SECOND_MS = 1000;
/** The range leaves out the first ten orders and the last ten. */
const LEFT_OUT = 10;
const from = new Date(START_MS + LEFT_OUT * SECOND_MS).toISOString();
const to = new Date(START_MS + (ORDERS + LEFT_OUT) * SECOND_MS).toISOString();
const WRITE_TIMEOUT_MS = 120_000;

/** One simulation has the rows; the others share them, since reports only read them. */
const shop = new Simulation(1);
beforeAll(
  () => writeOrders({ orders: shop.orders, payments: shop.payments, count: ORDERS + 2 * LEFT_OUT, startMs: START_MS }),
  WRITE_TIMEOUT_MS,
);

async function simulateWith(freezesAfterCalls: readonly number[]): Promise<Simulation> {
  const kills = [...freezesAfterCalls];
  const simulation = new Simulation(7, {
    freezesAfterCalls: (source) => (source === 'report-runs' ? kills.shift() : undefined),
  });
  for (const table of ['orders', 'payments'] as const) {
    const writes = shop[table].all().map((row) => ({ op: 'put', row }) as const);
    await simulation[table].write(writes, 'copy');
  }
  return simulation;
}

async function exportKind(simulation: Simulation, kind: string, format = 'csv') {
  const send = (request: Promise<HttpResponse>) => simulation.runUntilDone(request);
  const requested = await send(simulation.request('POST /reports', { body: { kind, from, to, format } }));
  expect(requested).toMatchObject({ status: 202, body: { status: 'queued' } });
  const id = String(requested.body['id']);
  expect(requested.headers['Location']).toBe(`/reports/${id}`);
  await simulation.settle();
  const shown = await send(simulation.request('GET /reports/{id}', { path: { id } }));
  const key = new URL(String(shown.body['url'])).href.replace('memory://', '').split('?')[0] ?? '';
  return { report: shown.body, text: gunzipSync(simulation.bucket.objects.get(key) ?? Buffer.of()).toString() };
}

const linesOf = (text: string): string[] => text.split(/\r?\n/).slice(0, -1);

/** Sums the postings of the ledger's entries in the range, by the names that a report gives them. */
function sumLedger(): Record<string, number> {
  const sums: Record<string, number> = { total: 0 };
  for (const row of shop.payments.all()) {
    const at = String(row['at']);
    if (at < from || at >= to) continue;
    for (const { account, amount } of parsePostings(row)) {
      const name = account.startsWith('user:') ? 'users' : account;
      sums[name] = (sums[name] ?? 0) + amount;
      sums['total'] = (sums['total'] ?? 0) + amount;
    }
  }
  return sums;
}

const killed = { 'never killed': [], 'killed three times': [9, 60, 130] } as const;

describe.each(Object.entries(killed))(`a report of ${ORDERS} orders whose worker is %s`, (_, kills) => {
  test('has each order once, and sums that equal the captures of the ledger', async () => {
    const simulation = await simulateWith(kills);
    const { report, text } = await exportKind(simulation, 'orders');
    const { crashes } = simulation.queues['report-runs'];
    expect(crashes).toHaveLength(kills.length);
    expect(report).toMatchObject({ status: 'finished', rows: ORDERS });
    const [header, ...lines] = linesOf(text);
    expect(header).toBe('order_id,user_id,amount,status,reason,description,created_at,updated_at');
    expect(lines).toHaveLength(ORDERS);
    expect(new Set(lines.map((line) => line.slice(0, 26))).size).toBe(ORDERS);
    const sums = report['sums'] as unknown as Record<string, number>;
    expect(sums['amount_finished']).toBe(sumLedger()['merchant:orders']);
    expect(sums['amount']).toBe((sums['amount_finished'] ?? 0) + (sums['amount_cancelled'] ?? 0));
    const parts = [...simulation.bucket.objects.keys()].filter((key) => key.startsWith('parts/'));
    const runs = simulation.published.filter(({ type }) => type === 'ReportRunRequested');
    console.log(
      `${ORDERS} orders, killed ${kills.length} times: ${report['rows']} rows in ${parts.length} parts and ` +
        `${runs.length} runs, ${JSON.stringify(sums)}`,
    );
    expect(runs.length + crashes.length).toBeGreaterThan(1);
  });
});

test('a report of a killed worker has the same bytes as one of a worker that is not', async () => {
  const [calm, interrupted] = [await simulateWith([]), await simulateWith([5, 44, 45, 90])];
  const [first, second] = [await exportKind(calm, 'orders'), await exportKind(interrupted, 'orders')];
  expect(interrupted.queues['report-runs'].crashes).toHaveLength(4);
  expect(second.text).toBe(first.text);
  expect(second.report['sums']).toEqual(first.report['sums']);
});

test('a report of the ledger has the sums of the ledger, which are zero in total', async () => {
  const { report, text } = await exportKind(await simulateWith([20, 30, 40]), 'ledger', 'ndjson');
  expect(report).toMatchObject({ status: 'finished', sums: sumLedger() });
  expect(sumLedger()).toMatchObject({ total: 0, users: -(sumLedger()['merchant:orders'] ?? 0) });
  const postings = linesOf(text).map((line) => JSON.parse(line) as { amount: number });
  expect(postings).toHaveLength(Number(report['rows']));
  expect(postings.reduce((sum, { amount }) => sum + amount, 0)).toBe(0);
});

test('two deliveries of each message at the same time make one report', async () => {
  const simulation = await simulateWith([]);
  simulation.faults.duplicateRate = 1;
  const { report, text } = await exportKind(simulation, 'orders');
  expect(report).toMatchObject({ status: 'finished', rows: ORDERS });
  expect(linesOf(text)).toHaveLength(ORDERS + 1);
});
