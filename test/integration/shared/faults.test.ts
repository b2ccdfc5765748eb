import { afterEach, expect, inject, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { ApiClient } from '../../support/api-client.ts';
import { EngineAccess } from '../../support/engine-access.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { poll } from '../../support/poll.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));

afterEach(() => behind.setChaos({}));

async function buyAll(orders: number): Promise<void> {
  const customers = await Promise.all(Array.from({ length: 5 }, () => shop.customer(orders)));
  const ids = await Promise.all(Array.from({ length: orders }, (_, at) => shop.order(customers[at % 5] as string, 5)));
  expect(await shop.endings(ids)).toEqual({ FINISHED: orders });
  for (const customer of customers) expect(await shop.balance(customer)).toBe(0);
  expect(findLedgerErrors(await behind.rows('payments'))).toEqual([]);
}

test('with 30 % of the transactions in conflict and each third event refused by the bus, every order ends', async () => {
  await behind.setChaos({ transaction_conflict: 0.3, publish_failure: 0.33 });
  await buyAll(100);
});

test('with the bus gone for a while, orders wait, and all of them end once it is back', async () => {
  await behind.setChaos({ publish_failure: 1 });
  const customer = await shop.customer(20);
  const ids = await Promise.all(Array.from({ length: 20 }, () => shop.order(customer, 1)));
  await poll(
    () => behind.messageCount('outbox-retry'),
    (waiting) => waiting > 0,
  );
  expect((await shop.get(`/orders/${ids[0]}`)).body['status']).toBe('NEW');
  await behind.setChaos({});
  expect(await shop.endings(ids, 90_000)).toEqual({ FINISHED: 20 });
  expect(await shop.balance(customer)).toBe(0);
});

test('what can never succeed is buried at once with its reason, and what lies beside it goes on', async () => {
  await behind.purge('order-payments-dlq');
  const customer = await shop.customer(10);
  const created = OrderCreated.make(
    { order_id: 'a'.repeat(26), user_id: customer, amount: 1, created_at: new Date().toISOString() },
    { time: new Date().toISOString(), correlation_id: 'made-up', causation_id: 'made-up' },
  );
  const poison = [
    '{"half":',
    '{"no":"envelope"}',
    JSON.stringify({ ...created, version: 9 }),
    JSON.stringify({ ...created, data: { amount: -1 } }),
  ];
  await behind.sendBatch('order-payments', poison);
  const id = await shop.order(customer, 1);
  expect(await shop.ended(id)).toMatchObject({ status: 'FINISHED' });
  const reasons = await poll(
    async () => (await behind.deadLetters('order-payments')).map(({ attributes }) => attributes['reason'] ?? ''),
    (all) => all.length === poison.length,
  );
  expect(reasons.sort()).toEqual([
    expect.stringMatching(/^Poison: OrderCreated breaks its schema: .*amount/),
    expect.stringMatching(/^Poison: OrderCreated version 9 is unknown/),
    expect.stringMatching(/^Poison: not JSON/),
    expect.stringMatching(/^Poison: not our envelope/),
  ]);
  await behind.purge('order-payments-dlq');
});

test('a consumer that throws gets its message five times, after 1, 2, 4 and 8 s, and then it is buried', async () => {
  await behind.purge('order-payments-dlq');
  const customer = await shop.customer(10);
  await behind.setChaos({ consumer_crash_before: 1 });
  const id = await shop.order(customer, 1);
  const [dead] = await poll(
    () => behind.deadLetters('order-payments'),
    (all) => all.length > 0,
  );
  expect(JSON.parse(dead?.body ?? '')).toMatchObject({ type: 'OrderCreated', data: { order_id: id } });
  expect(dead?.attributes).toMatchObject({ receive_count: '5', reason: expect.stringContaining('chaos') });
  const lasted =
    Date.parse(String(dead?.attributes['last_received_at'])) -
    Date.parse(String(dead?.attributes['first_received_at']));
  expect(lasted).toBeGreaterThanOrEqual(14_500);
  expect(lasted).toBeLessThan(25_000);
  await behind.setChaos({});
  expect(await shop.ended(await shop.order(customer, 1))).toMatchObject({ status: 'FINISHED' });
  await behind.purge('order-payments-dlq');
});
