import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { expect, inject, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { createOutboxRecord } from '../../../lambdas/shared/outbox/outbox-record.ts';
import { createRandomId } from '../../../lambdas/shared/runtime/ids.ts';
import { clientOptions } from '../../../localstack/settings.ts';
import { ApiClient } from '../../support/api-client.ts';
import { OpsCli } from '../../support/ops-cli.ts';

const shop = new ApiClient(inject('url'));
const cli = new OpsCli(inject('endpoint'));
const tables = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(inject('endpoint'))));
const putOrderRow = (Item: Record<string, unknown>) =>
  tables.send(new PutCommand({ TableName: 'oncebox-test-orders', Item }));

/**
 * Writes an order whose outbox record the stream never delivers, as if its stream record had expired. The relay reads
 * only records that are new, so the record is first written without events.
 */
async function placeOrderWithExpiredRecord(user_id: string, amount: number): Promise<string> {
  const id = createRandomId();
  const created_at = new Date().toISOString();
  const placed = { id, user_id, amount, created_at, state: { status: 'NEW' }, version: 1, updated_at: created_at };
  const cause = { time: created_at, correlation_id: id, causation_id: randomUUID() };
  const event = OrderCreated.make({ order_id: id, user_id, amount, created_at }, cause);
  const record = createOutboxRecord({ aggregate: `ORDER#${id}`, events: [event] }, Date.now(), false);
  if (record.op !== 'put') throw new Error('an outbox record is put');
  await putOrderRow({ pk: `ORDER#${id}`, sk: 'STATE', ...placed });
  await putOrderRow({ ...record.row, events: '[]' });
  await putOrderRow(record.row);
  return id;
}

test('an order whose stream record has expired ends after outbox resend, once', async () => {
  const customer = await shop.customer(100);
  const startedAt = new Date().toISOString();
  const lost = await placeOrderWithExpiredRecord(customer, 30);
  // A later order goes through, so the relay has passed the record.
  expect(await shop.waitForFinalState(await shop.order(customer, 20))).toMatchObject({ status: 'FINISHED' });
  expect((await shop.get(`/orders/${lost}`)).body).toMatchObject({ status: 'NEW' });

  const resend = () => cli.json<{ sent: number }>('outbox', 'resend', '--from', startedAt, '--type', 'OrderCreated');
  expect((await resend()).sent).toBeGreaterThanOrEqual(2);
  expect(await shop.waitForFinalState(lost)).toMatchObject({ status: 'FINISHED' });
  await resend();
  expect(await shop.waitForFinalState(await shop.order(customer, 5))).toMatchObject({ status: 'FINISHED' });
  expect(await shop.balance(customer)).toBe(45);
  expect(await shop.statement(customer)).toHaveLength(4);
});
