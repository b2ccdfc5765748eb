import { afterEach, describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

/** As many as one likes: ORDERS=1000 npm test -- test/e2e/consumers.test.ts */
const ORDERS = Number(process.env['ORDERS'] ?? 100);
/** There is stock for half of them. */
const STOCK = Math.floor(ORDERS / 2);
const LIMIT_MS = 100_000;
const ALL_END_MS = LIMIT_MS + ORDERS * 300;
const many = <T>(count: number, make: (at: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, at) => make(at)));
const statusOf = async (id: string) => (await shop.get(`/orders/${id}`)).body['status'];

describe('a consumer that is stopped in the middle of a run', () => {
  test.each([
    // what an order waits at, without it
    ['order-payments', 'NEW'],
    ['ticket-issuing', 'PAYMENT_AUTHORIZED'],
    ['ticket-status', 'PAYMENT_AUTHORIZED'],
  ])('%s: orders wait at %s, and all end once it is started', async (queue, waitingAt) => {
    const sku = await shop.product({ price: 1, stock: 1000 });
    const customer = await shop.customer(1000);
    const order = () => shop.orderOf(customer, { sku, quantity: 1 });
    const before = many(20, order);
    try {
      expect(await operator.json('consumers', 'stop', queue)).toMatchObject({ state: 'stopped', changed: true });
      const after = await many(20, order);
      await poll(
        () => Promise.all(after.map(statusOf)),
        (statuses) => statuses.every((status) => status === waitingAt),
      );
      expect(await behind.messageCount(queue)).toBeGreaterThanOrEqual(20);
      await operator.json('consumers', 'start', queue);
      expect(await shop.endings([...(await before), ...after], LIMIT_MS)).toEqual({ FINISHED: 40 });
    } finally {
      await operator.run('consumers', 'start', queue);
    }
    expect(await shop.balance(customer)).toBe(960);
  });
});

describe('while a fifth of all publishing fails', () => {
  afterEach(() => behind.setChaos({}));

  test(
    `${ORDERS} orders and their refunds end, and the balances are right to the cent`,
    async () => {
      const sku = await shop.product({ price: 3, stock: STOCK });
      const customers = await shop.customers(10, ORDERS * 10);
      await behind.setChaos({ publish_failure: 0.2 });
      const ids = await many(ORDERS, (at) => shop.orderOf(customers[at % 10] ?? '', { sku, quantity: 1 }));
      expect(await shop.endings(ids, ALL_END_MS)).toEqual({ FINISHED: STOCK, CANCELLED: ORDERS - STOCK });
      const finished: string[] = [];
      for (const id of ids) if ((await statusOf(id)) === 'FINISHED') finished.push(id);
      const sum = async () =>
        (await Promise.all(customers.map((customer) => shop.balance(customer)))).reduce((total, one) => total + one, 0);
      expect(await sum()).toBe(100 * ORDERS - STOCK * 3);
      const replies = await Promise.all(finished.map((id) => shop.refund(id)));
      expect(new Set(replies.map(({ status }) => status))).toEqual(new Set([202]));
      expect(await shop.endings(finished, ALL_END_MS)).toEqual({ REFUNDED: STOCK });
      for (const customer of customers) expect(await shop.balance(customer)).toBe(ORDERS * 10);
      expect(findLedgerErrors(await behind.rows('payments'))).toEqual([]);
    },
    2 * ALL_END_MS,
  );
});
