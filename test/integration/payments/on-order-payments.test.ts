import { describe, expect, inject, test } from 'vitest';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { ApiClient } from '../../support/api-client.ts';
import { EngineAccess } from '../../support/engine-access.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { poll } from '../../support/poll.ts';

const api = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));

/** Returns the OrderCreated message of an order from the order's outbox record. */
async function orderCreatedMessage(orderId: string): Promise<string> {
  const rows = await engine.rows('orders');
  const record = rows.find((row) => row.pk === `ORDER#${orderId}` && row.sk.startsWith('OUTBOX#')) as Row;
  return JSON.stringify({ ...parseOutboxRecord(record)[0], published_at: new Date().toISOString() });
}

const paymentRows = async (customer: string) =>
  (await engine.rows('payments')).filter((row) => row['user_id'] === customer || row['account'] === customer);

/** Waits until the queue is empty and an order placed afterwards has ended, since SQS delivers in any order. */
async function waitUntilProcessed(): Promise<void> {
  await poll(
    () => engine.messageCount('order-payments'),
    (waiting) => waiting === 0,
  );
  await api.waitForFinalState(await api.order(await api.customer(1), 1));
}

describe('a duplicate OrderCreated', () => {
  test('changes nothing, in 20 single messages and in a batch of 20', async () => {
    const customer = await api.customer(100);
    const id = await api.order(customer, 30);
    const orderBefore = await api.waitForFinalState(id);
    const rowsBefore = await paymentRows(customer);
    const message = await orderCreatedMessage(id);
    for (let time = 0; time < 20; time++) await engine.send('order-payments', message);
    await engine.sendBatch(
      'order-payments',
      Array.from({ length: 20 }, () => message),
    );
    await waitUntilProcessed();
    expect(await api.waitForFinalState(id)).toEqual(orderBefore);
    expect(await api.balance(customer)).toBe(70);
    expect(await paymentRows(customer)).toEqual(rowsBefore);
  });

  test('leaves a declined order declined, even if there is enough money by then', async () => {
    const customer = await api.customer(10);
    const id = await api.order(customer, 30);
    expect(await api.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED' });
    await api.post('/payments/accounts/deposit', { user_id: customer, amount: 1000 });
    await engine.send('order-payments', await orderCreatedMessage(id));
    await waitUntilProcessed();
    expect(await api.waitForFinalState(id)).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    expect(await api.balance(customer)).toBe(1010);
  });
});

test('the ledger has no errors after these tests', async () => {
  expect(findLedgerErrors(await engine.rows('payments'))).toEqual([]);
});
