import { execFile } from 'node:child_process';
import { randomUUID } from 'node:crypto';
import { join } from 'node:path';
import { DynamoDBClient } from '@aws-sdk/client-dynamodb';
import { DynamoDBDocumentClient, PutCommand } from '@aws-sdk/lib-dynamodb';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { OrderCreated } from '../../../events/orders/order-created.ts';
import { randomId } from '../../../lambdas/shared/identity.ts';
import { clientOptions } from '../../../localstack/settings.ts';
import { BehindTheDoors } from '../../support/behind-the-doors.ts';
import { poll } from '../../support/poll.ts';
import { ShopClient } from '../../support/shop-client.ts';

const shop = new ShopClient(inject('url'));
const behind = new BehindTheDoors(inject('endpoint'));

interface Ended {
  readonly code: number;
  readonly out: string;
  readonly trouble: string;
}

/** The CLI as an operator calls it, in a process of its own. */
const ops = (...args: string[]): Promise<Ended> =>
  new Promise((done) => {
    const cli = join(import.meta.dirname, '..', '..', '..', 'bin', 'ops.ts');
    const env = { ...process.env, AWS_ENDPOINT_URL: inject('endpoint'), ONCEBOX_STAGE: 'test' };
    const call = ['--disable-warning=ExperimentalWarning', cli, ...args];
    execFile(process.execPath, call, { env, maxBuffer: 64 * 1024 * 1024 }, (error, out, trouble) =>
      done({ code: typeof error?.code === 'number' ? error.code : 0, out, trouble }),
    );
  });

async function told<T>(...args: string[]): Promise<T> {
  const { code, out, trouble } = await ops(...args, '--json');
  if (code !== 0) throw new Error(`ops ${args.join(' ')} ended with ${code}: ${trouble}`);
  return JSON.parse(out) as T;
}

interface Dead {
  readonly message_id: string;
  readonly order_id: string | null;
  readonly reason: string;
}

/** An order as it stands when its event was written but has died on the way to payments. */
async function orderWithoutItsEvent(user_id: string, amount: number) {
  const id = randomId();
  const created_at = new Date().toISOString();
  const placed = { id, user_id, amount, created_at, status: 'NEW', version: 1, updated_at: created_at };
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
    const { out } = await ops('doctor', '--json');
    const { checks } = JSON.parse(out) as { checks: { check: string; ok: boolean; faults: string[] }[] };
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
      async () => (await behind.waiting('order-payments')) + (await behind.waiting('payment-status')),
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
    expect(messages.find(({ message_id }) => message_id === poison?.message_id)?.would).toBe('fail again');
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

  test('reads what the functions log', async () => {
    const customer = await shop.customer();
    const lines = await poll(
      async () => (await ops('logs', 'tail', 'payments-api', '--since', '5m', '--no-follow')).out,
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
