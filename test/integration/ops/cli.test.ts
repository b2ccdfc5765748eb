import { randomUUID } from 'node:crypto';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { createRandomId } from '../../../lambdas/shared/runtime/ids.ts';
import { clientOptions } from '../../../localstack/settings.ts';
import { ApiClient } from '../../support/api-client.ts';
import { EngineAccess } from '../../support/engine-access.ts';
import { OpsCli } from '../../support/ops-cli.ts';
import { poll } from '../../support/poll.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));

const operator = new OpsCli(inject('endpoint'));
const ops = (...args: string[]) => operator.run(...args);
const told = <T>(...args: string[]): Promise<T> => operator.json<T>(...args);

interface Dead {
  readonly message_id: string;
  readonly order_id: string | null;
  readonly reason: string;
}

/** An order as it stands when its event was written but has died on the way to payments. */
async function orderWithoutItsEvent(user_id: string, amount: number) {
  const id = createRandomId();
  const created_at = new Date().toISOString();
  const placed = { id, user_id, amount, created_at, state: { status: 'NEW' }, version: 1, updated_at: created_at };
  const tables = DynamoDBDocumentClient.from(new DynamoDBClient(clientOptions(inject('endpoint'))));
  await tables.send(
    new PutCommand({ TableName: 'oncebox-test-orders', Item: { pk: `ORDER#${id}`, sk: 'STATE', ...placed } }),
  );
  const cause = { time: created_at, correlation_id: id, causation_id: randomUUID() };
  return OrderCreated.make({ order_id: id, user_id, amount, created_at }, cause);
}

afterAll(() => behind.purge('order-payments-dlq'));

describe('an operator', () => {
  test('hears from the doctor that the stage is well but for its dead messages', async () => {
    const { stdout } = await ops('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { check: string; ok: boolean; faults: string[] }[] };
    // other tests leave their dead behind
    expect(checks.filter(({ ok, check }) => !ok && check !== 'DLQs')).toEqual([]);
    expect(checks).toHaveLength(10);
  });

  test('sends stored events again, and nothing happens twice', async () => {
    const customer = await shop.customer(100);
    await shop.ended(await shop.order(customer, 30));
    const resent = await told<{ found: number; sent: number }>('outbox', 'resend', '--since', '5m');
    expect(resent.found).toBeGreaterThanOrEqual(2);
    expect(resent.sent).toBe(resent.found);
    await poll(
      async () => (await behind.messageCount('order-payments')) + (await behind.messageCount('payment-status')),
      (left) => left === 0,
    );
    expect(await shop.balance(customer)).toBe(70);
    expect(await shop.statement(customer)).toHaveLength(2);
  });

  test('finds a dead message with its reason, is told what it would do, and brings it back', async () => {
    const customer = await shop.customer(100);
    const event = await orderWithoutItsEvent(customer, 10);
    const { order_id } = event.data;
    // a version that nobody knows dies at once; put right, it goes into the DLQ by hand
    await behind.send('order-payments', JSON.stringify({ ...event, version: 99 }));
    await behind.send('order-payments-dlq', JSON.stringify(event));
    const mine = await poll(
      async () =>
        (await told<Dead[]>('dlq', 'list', 'order-payments', '--limit', '1000')).filter(
          (one) => one.order_id === order_id,
        ),
      (dead) => dead.length === 2,
    );
    const poison = mine.find(({ reason }) => reason.includes('version 99 is unknown here'));
    expect(poison).toBeDefined();

    const dryRun = ['dlq', 'redrive', 'order-payments', '--id', event.id, '--dry-run'];
    const { messages } = await told<{ messages: { message_id: string; would: string }[] }>(...dryRun);
    const healthy = messages.find(({ message_id }) => message_id !== poison?.message_id);
    expect(healthy?.would).toBe('apply');
    expect(messages.find(({ message_id }) => message_id === poison?.message_id)?.would).toBe('fail_again');
    expect(await shop.balance(customer)).toBe(100);

    const redriven = await told<{ redriven: number }>(
      'dlq',
      'redrive',
      'order-payments',
      '--id',
      healthy?.message_id ?? '',
    );
    expect(redriven.redriven).toBe(1);
    expect(await shop.ended(order_id)).toMatchObject({ status: 'FINISHED' });
    expect(await shop.balance(customer)).toBe(90);
    const shown = await told<{ body: unknown }>('dlq', 'show', 'order-payments', poison?.message_id ?? '');
    expect(shown.body).toEqual({ ...event, version: 99 });
  });

  test('stops one consumer and starts it again: what came in between has waited', async () => {
    const customer = await shop.customer(100);
    const state = async () =>
      (await told<{ queue: string; state: string }[]>('consumers')).find(({ queue }) => queue === 'payment-status')
        ?.state;
    expect(await state()).toBe('running');
    expect(await told('consumers', 'stop', 'payment-status')).toMatchObject({ state: 'stopped', changed: true });
    try {
      expect(await state()).toBe('stopped');
      expect(await told('consumers', 'stop', 'payment-status')).toMatchObject({ state: 'stopped', changed: false });
      const { stderr } = await ops('consumers', 'stop', 'nowhere');
      expect(stderr).toMatch(/^✗ There is no queue "nowhere"\.\n/);
      const id = await shop.order(customer, 30);
      await poll(
        () => shop.balance(customer),
        (balance) => balance === 70,
      );
      // its ticket may have been the faster word
      const { body } = await shop.get(`/orders/${id}`);
      expect(['NEW', 'FINISHED']).toContain(body['status']);
      expect(await behind.messageCount('payment-status')).toBeGreaterThan(0);
      expect(await told('consumers', 'start', 'payment-status')).toMatchObject({ state: 'running', changed: true });
      expect(await shop.ended(id)).toMatchObject({ status: 'FINISHED' });
      await poll(
        () => behind.messageCount('payment-status'),
        (left) => left === 0,
      );
    } finally {
      await ops('consumers', 'start', 'payment-status');
    }
  });

  test('looks an order up, and every step and receipt of it', async () => {
    const id = await shop.order(await shop.customer(100), 30);
    await shop.ended(id);
    expect(await told('orders', 'show', id)).toMatchObject({ id, amount: 30, status: 'FINISHED' });
    const { stdout } = await ops('orders', 'workflow', id);
    expect(stdout).toMatch(new RegExp(`^${id} is FINISHED\n`));
    expect(stdout).toMatch(/✓ placed .*\n✓ payment .*\n✓ ticket .*\n– refund\n✓ end /);
    expect(stdout).toMatch(/^OrderCreated +order-payments +done /m);
    const unknown = await ops('orders', 'workflow', 'a'.repeat(26));
    expect(unknown).toMatchObject({ code: 1, trouble: expect.stringMatching(/^✗ There is no order a+ in stage test/) });
  });

  test('reads what the functions log', async () => {
    const customer = await shop.customer();
    const lines = await poll(
      async () => (await ops('logs', 'tail', 'payments-api', '--since', '5m', '--no-follow')).stdout,
      (out) => out.includes('answered'),
    );
    expect(lines).toMatch(/^\d\d:\d\d:\d\d\.\d{3} payments-api INFO {2}answered .*status=201/m);
    expect(customer).toBeTruthy();
  });

  test('is told in one line what is wrong with a call', async () => {
    expect(await ops('dlq', 'list', 'nowhere')).toMatchObject({
      code: 1,
      trouble: expect.stringMatching(/^✗ There is no queue "nowhere"\.\n/),
    });
    expect(await ops('queues', '--nonsense')).toMatchObject({
      code: 2,
      trouble: expect.stringMatching(/^✗ Unknown option/),
    });
    expect(await ops('nonsense')).toMatchObject({ code: 2 });
  });
});
