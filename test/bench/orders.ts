import type { ApiClient } from '../support/api-client.ts';
import { poll } from '../support/poll.ts';
import { ms, percentile, type Row } from './figures.ts';

const WARM_UP = 30;
const SAMPLES = 150;
const ORDERS = 400;
const MANY = [1, 16, 64];

/** One order after the other: how long the answer takes, and how long the money. */
export async function latency(shop: ApiClient): Promise<Row[]> {
  const customer = await shop.customer(WARM_UP + SAMPLES);
  const posted: number[] = [];
  const finished: number[] = [];
  for (let at = 0; at < WARM_UP + SAMPLES; at++) {
    const asked = Date.now();
    const started = performance.now();
    const id = await shop.order(customer, 1);
    const answered = performance.now();
    const { updated_at } = await shop.ended(id);
    if (at < WARM_UP) continue;
    posted.push(answered - started);
    // by the order's own word: whoever asks every 25 ms hears of it up to that much later
    finished.push(Date.parse(String(updated_at)) - asked);
  }
  const both = (samples: number[]) => `p50 ${ms(percentile(samples, 0.5))}, p95 ${ms(percentile(samples, 0.95))}`;
  return [
    { what: 'POST /orders, one client', figure: both(posted) },
    { what: 'order to FINISHED, one client, chaos off', figure: both(finished) },
  ];
}

/** From the first POST until the last order is FINISHED. */
export async function throughput(shop: ApiClient): Promise<Row[]> {
  const rows: Row[] = [];
  for (const clients of MANY) {
    const customers = await Promise.all(Array.from({ length: Math.min(clients, 16) }, () => shop.customer(ORDERS)));
    let next = 0;
    const ids: string[] = [];
    const started = performance.now();
    const client = async () => {
      while (next < ORDERS) ids.push(await shop.order(customers[next++ % customers.length] ?? '', 1));
    };
    await Promise.all(Array.from({ length: clients }, client));
    const taken = (performance.now() - started) / 1000;
    // the last ones first: once they are through, looking at the others costs the engine nothing that counts
    for (const id of ids.slice(-clients)) await shop.ended(id);
    const through = (performance.now() - started) / 1000;
    const { FINISHED = 0 } = await shop.endings(ids);
    if (FINISHED !== ORDERS) throw new Error(`${FINISHED} of ${ORDERS} orders finished`);
    await poll(
      () => shop.balance(customers[0] ?? ''),
      (balance) => balance < ORDERS,
    );
    rows.push({
      what: `${ORDERS} orders from ${clients} ${clients === 1 ? 'client' : 'clients'}`,
      figure: `${(ORDERS / through).toFixed(0)} orders/s to FINISHED, ${(ORDERS / taken).toFixed(0)} orders/s taken`,
    });
  }
  return rows;
}
