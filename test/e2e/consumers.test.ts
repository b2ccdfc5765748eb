import { afterEach, describe, expect, inject, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { EngineFunctions } from '../support/engine-functions.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';

const api = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));
const functions = new EngineFunctions(inject('endpoint'));
const ops = new OpsCli(inject('endpoint'));

/** Can be raised: ORDERS=1000 npm test -- test/e2e/consumers.test.ts */
const ORDERS = Number(process.env['ORDERS'] ?? 100);
/** There is stock for half of the orders. */
const STOCK = Math.floor(ORDERS / 2);
const TIMEOUT_MS = 100_000;
const ALL_ORDERS_TIMEOUT_MS = TIMEOUT_MS + ORDERS * 300;
const repeat = <T>(count: number, create: (index: number) => Promise<T>): Promise<T[]> =>
  Promise.all(Array.from({ length: count }, (_, index) => create(index)));
const readStatus = async (id: string) => (await api.get(`/orders/${id}`)).body['status'];

describe('while a consumer is stopped', () => {
  test.each([
    // The status in which orders wait without this consumer.
    ['order-payments', 'NEW'],
    ['ticket-issuing', 'PAYMENT_AUTHORIZED'],
    ['ticket-status', 'PAYMENT_AUTHORIZED'],
  ])('%s: orders wait in %s, and all of them finish once it is started', async (queue, waitingStatus) => {
    const sku = await api.product({ price: 1, stock: 1000 });
    const customer = await api.customer(1000);
    const order = () => api.orderItems(customer, { sku, quantity: 1 });
    const before = repeat(20, order);
    try {
      expect(await ops.json('consumers', 'stop', queue)).toMatchObject({ state: 'stopped', changed: true });
      const after = await repeat(20, order);
      await poll(
        () => Promise.all(after.map(readStatus)),
        (statuses) => statuses.every((status) => status === waitingStatus),
      );
      expect(await engine.messageCount(queue)).toBeGreaterThanOrEqual(20);
      await ops.json('consumers', 'start', queue);
      expect(await api.countFinalStates([...(await before), ...after], TIMEOUT_MS)).toEqual({ FINISHED: 40 });
    } finally {
      await ops.run('consumers', 'start', queue);
    }
    expect(await api.balance(customer)).toBe(960);
  });
});

test('an order whose message was lost is nudged by the sweep, and finishes', async () => {
  const customer = await api.customer(10);
  let id = '';
  try {
    await ops.json('consumers', 'stop', 'order-payments');
    id = await api.order(customer, 10);
    await poll(
      () => engine.messageCount('order-payments'),
      (count) => count > 0,
    );
    await engine.purge('order-payments');
  } finally {
    await ops.run('consumers', 'start', 'order-payments');
  }
  expect(await readStatus(id)).toBe('NEW');
  // The sweep looks at orders that have waited for at least one whole minute.
  const placedAt = Date.parse(String((await api.get(`/orders/${id}`)).body['created_at']));
  await functions.runJob('orders-nudge-stuck-orders', new Date(placedAt + 2 * 60_000));
  expect(await api.waitForFinalState(id)).toMatchObject({ status: 'FINISHED' });
  expect(await api.balance(customer)).toBe(0);
});

describe('while a fifth of all publishing fails', () => {
  afterEach(() => engine.setChaos({}));

  test(
    `${ORDERS} orders and their refunds end with exact balances`,
    async () => {
      const sku = await api.product({ price: 3, stock: STOCK });
      const customers = await api.customers(10, ORDERS * 10);
      await engine.setChaos({ publish_failure: 0.2 });
      const ids = await repeat(ORDERS, (index) => api.orderItems(customers[index % 10] ?? '', { sku, quantity: 1 }));
      expect(await api.countFinalStates(ids, ALL_ORDERS_TIMEOUT_MS)).toEqual({
        FINISHED: STOCK,
        CANCELLED: ORDERS - STOCK,
      });
      const finished: string[] = [];
      for (const id of ids) if ((await readStatus(id)) === 'FINISHED') finished.push(id);
      const balances = await Promise.all(customers.map((customer) => api.balance(customer)));
      expect(balances.reduce((sum, balance) => sum + balance, 0)).toBe(100 * ORDERS - STOCK * 3);
      const responses = await Promise.all(finished.map((id) => api.refund(id)));
      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([202]));
      expect(await api.countFinalStates(finished, ALL_ORDERS_TIMEOUT_MS)).toEqual({ REFUNDED: STOCK });
      for (const customer of customers) expect(await api.balance(customer)).toBe(ORDERS * 10);
      expect(findLedgerErrors(await engine.rows('payments'))).toEqual([]);
    },
    2 * ALL_ORDERS_TIMEOUT_MS,
  );
});
