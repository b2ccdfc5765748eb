import type { ApiClient } from '../support/api-client.ts';
import { poll } from '../support/poll.ts';
import { ms, percentile, type Row } from './figures.ts';

const WARM_UP = 30;
const SAMPLES = 150;
const ORDERS = 400;
const CLIENTS = [1, 16, 64];

/** Places one order after the other and measures the time to the response and to FINISHED. */
export async function latency(api: ApiClient): Promise<Row[]> {
  const customer = await api.customer(WARM_UP + SAMPLES);
  const responseTimes: number[] = [];
  const finishTimes: number[] = [];
  for (let count = 0; count < WARM_UP + SAMPLES; count++) {
    const sentAt = Date.now();
    const started = performance.now();
    const id = await api.order(customer, 1);
    const responded = performance.now();
    const { updated_at } = await api.waitForFinalState(id);
    if (count < WARM_UP) continue;
    responseTimes.push(responded - started);
    // By the order's own time, since a poll every 25 ms sees the end up to 25 ms later.
    finishTimes.push(Date.parse(String(updated_at)) - sentAt);
  }
  const format = (samples: number[]) => `p50 ${ms(percentile(samples, 0.5))}, p95 ${ms(percentile(samples, 0.95))}`;
  return [
    { what: 'POST /orders, one client', figure: format(responseTimes) },
    { what: 'order to FINISHED, one client, chaos off', figure: format(finishTimes) },
  ];
}

/** Measures from the first POST until the last order is FINISHED. */
export async function throughput(api: ApiClient): Promise<Row[]> {
  const rows: Row[] = [];
  for (const clients of CLIENTS) rows.push(await throughputOf(api, clients));
  return rows;
}

async function throughputOf(api: ApiClient, clients: number): Promise<Row> {
  const customers = await Promise.all(Array.from({ length: Math.min(clients, 16) }, () => api.customer(ORDERS)));
  let next = 0;
  const ids: string[] = [];
  const started = performance.now();
  const client = async () => {
    while (next < ORDERS) ids.push(await api.order(customers[next++ % customers.length] ?? '', 1));
  };
  await Promise.all(Array.from({ length: clients }, client));
  const acceptedSeconds = (performance.now() - started) / 1000;
  // The last orders are polled first: once they have ended, polling the others costs the engine almost nothing.
  for (const id of ids.slice(-clients)) await api.waitForFinalState(id);
  const finishedSeconds = (performance.now() - started) / 1000;
  const { FINISHED = 0 } = await api.countFinalStates(ids);
  if (FINISHED !== ORDERS) throw new Error(`${FINISHED} of ${ORDERS} orders finished`);
  await poll(
    () => api.balance(customers[0] ?? ''),
    (balance) => balance < ORDERS,
  );
  return {
    what: `${ORDERS} orders from ${clients} ${clients === 1 ? 'client' : 'clients'}`,
    figure: `${(ORDERS / finishedSeconds).toFixed(0)} orders/s to FINISHED, ${(ORDERS / acceptedSeconds).toFixed(0)} orders/s accepted`,
  };
}
