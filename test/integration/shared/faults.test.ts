import { afterEach, expect, inject, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { ApiClient } from '../../support/api-client.ts';
import { EngineAccess } from '../../support/engine-access.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { poll } from '../../support/poll.ts';

const api = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));

afterEach(() => engine.setChaos({}));

async function expectAllFinish(orders: number): Promise<void> {
  const customers = await Promise.all(Array.from({ length: 5 }, () => api.customer(orders)));
  const ids = await Promise.all(
    Array.from({ length: orders }, (_, index) => api.order(customers[index % 5] as string, 5)),
  );
  expect(await api.countFinalStates(ids)).toEqual({ FINISHED: orders });
  for (const customer of customers) expect(await api.balance(customer)).toBe(0);
  expect(findLedgerErrors(await engine.rows('payments'))).toEqual([]);
}

test('every order finishes while 30 % of the transactions conflict and the bus refuses every third event', async () => {
  await engine.setChaos({ transaction_conflict: 0.3, publish_failure: 0.33 });
  await expectAllFinish(100);
});

test('orders wait while the bus fails, and all of them finish once it works again', async () => {
  await engine.setChaos({ publish_failure: 1 });
  const customer = await api.customer(20);
  const ids = await Promise.all(Array.from({ length: 20 }, () => api.order(customer, 1)));
  await poll(
    () => engine.messageCount('outbox-retry'),
    (count) => count > 0,
  );
  expect((await api.get(`/orders/${ids[0]}`)).body['status']).toBe('NEW');
  await engine.setChaos({});
  expect(await api.countFinalStates(ids, 90_000)).toEqual({ FINISHED: 20 });
  expect(await api.balance(customer)).toBe(0);
});

test('a poison message is dead-lettered at the first receive with its reason, and other messages are processed', async () => {
  await engine.purge('order-payments-dlq');
  const customer = await api.customer(10);
  const created = OrderCreated.make(
    { order_id: 'a'.repeat(26), user_id: customer, amount: 1, created_at: new Date().toISOString() },
    { time: new Date().toISOString(), correlation_id: 'test', causation_id: 'test' },
  );
  const poison = [
    '{"half":',
    '{"no":"envelope"}',
    JSON.stringify({ ...created, version: 9 }),
    JSON.stringify({ ...created, data: { amount: -1 } }),
  ];
  await engine.sendBatch('order-payments', poison);
  const id = await api.order(customer, 1);
  expect(await api.waitForFinalState(id)).toMatchObject({ status: 'FINISHED' });
  const reasons = await poll(
    async () => (await engine.deadLetters('order-payments')).map(({ attributes }) => attributes['reason'] ?? ''),
    (all) => all.length === poison.length,
  );
  expect(reasons.sort()).toEqual([
    expect.stringMatching(/^PoisonMessage: OrderCreated does not match its schema: .*amount/),
    expect.stringMatching(/^PoisonMessage: not JSON/),
    expect.stringMatching(/^PoisonMessage: not an event envelope/),
    expect.stringMatching(/^PoisonMessage: version 9 of OrderCreated is unknown/),
  ]);
  await engine.purge('order-payments-dlq');
});
