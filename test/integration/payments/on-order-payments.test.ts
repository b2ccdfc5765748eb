import { describe, expect, inject, test } from 'vitest';
import { parseOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import type { Row } from '../../../lambdas/shared/store/store.ts';
import { ApiClient } from '../../support/api-client.ts';
import { EngineAccess } from '../../support/engine-access.ts';
import { findLedgerErrors } from '../../support/ledger-check.ts';
import { poll } from '../../support/poll.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));

/** The message of an order as it came to the queue, from the order's own outbox. */
async function messageOf(orderId: string): Promise<string> {
  const rows = await behind.rows('orders');
  const record = rows.find((row) => row.pk === `ORDER#${orderId}` && row.sk.startsWith('OUTBOX#')) as Row;
  return JSON.stringify({ ...parseOutboxRecord(record)[0], published_at: new Date().toISOString() });
}

const journalOf = async (customer: string) =>
  (await behind.rows('payments')).filter((row) => row['user_id'] === customer || row['account'] === customer);

/** Messages of a queue come in any order, so what was sent before is through once these later orders have ended. */
async function afterAllThat(customer: string, again: () => Promise<void>): Promise<void> {
  await again();
  await poll(
    () => behind.messageCount('order-payments'),
    (waiting) => waiting === 0,
  );
  await shop.ended(await shop.order(await shop.customer(1), 1));
  expect(await shop.balance(customer)).toBeTypeOf('number');
}

describe('the same OrderCreated again, straight to the queue', () => {
  test('20 times one by one, and 20 in one batch: nothing changes', async () => {
    const customer = await shop.customer(100);
    const id = await shop.order(customer, 30);
    const before = await shop.ended(id);
    const journal = await journalOf(customer);
    const message = await messageOf(id);
    await afterAllThat(customer, async () => {
      for (let time = 0; time < 20; time++) await behind.send('order-payments', message);
      await behind.sendBatch(
        'order-payments',
        Array.from({ length: 20 }, () => message),
      );
    });
    expect(await shop.ended(id)).toEqual(before);
    expect(await shop.balance(customer)).toBe(70);
    expect(await journalOf(customer)).toEqual(journal);
  });

  test('an order that was declined stays so, also when there is money now', async () => {
    const customer = await shop.customer(10);
    const id = await shop.order(customer, 30);
    expect(await shop.ended(id)).toMatchObject({ status: 'CANCELLED' });
    await shop.post('/payments/accounts/deposit', { user_id: customer, amount: 1000 });
    const message = await messageOf(id);
    await afterAllThat(customer, () => behind.send('order-payments', message));
    expect(await shop.ended(id)).toMatchObject({ status: 'CANCELLED', reason: 'insufficient_funds' });
    expect(await shop.balance(customer)).toBe(1010);
  });
});

test('after all that has happened here, the books are right', async () => {
  expect(findLedgerErrors(await behind.rows('payments'))).toEqual([]);
});
