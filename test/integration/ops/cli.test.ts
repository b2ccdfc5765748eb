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
const engine = new EngineAccess(inject('endpoint'));
const cli = new OpsCli(inject('endpoint'));

interface DeadLetterEntry {
  readonly message_id: string;
  readonly order_id: string | null;
  readonly reason: string;
}

/** Writes a new order without its outbox record, and returns the event that payments has not received. */
async function placeOrderWithoutEvent(user_id: string, amount: number) {
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

afterAll(() => engine.purge('order-payments-dlq'));

describe('the ops CLI', () => {
  test('doctor finds no problem but dead letters', async () => {
    const { stdout } = await cli.run('doctor', '--json');
    const { checks } = JSON.parse(stdout) as { checks: { check: string; ok: boolean; problems: string[] }[] };
    // Other tests leave dead letters behind.
    expect(checks.filter(({ ok, check }) => !ok && check !== 'DLQs')).toEqual([]);
    expect(checks).toHaveLength(11);
  });

  test('outbox resend sends stored events again without a second effect', async () => {
    const customer = await shop.customer(100);
    await shop.waitForFinalState(await shop.order(customer, 30));
    const resent = await cli.json<{ found: number; sent: number }>('outbox', 'resend', '--since', '5m');
    expect(resent.found).toBeGreaterThanOrEqual(2);
    expect(resent.sent).toBe(resent.found);
    await poll(
      async () => (await engine.messageCount('order-payments')) + (await engine.messageCount('payment-status')),
      (count) => count === 0,
    );
    expect(await shop.balance(customer)).toBe(70);
    expect(await shop.statement(customer)).toHaveLength(2);
  });

  test('dlq lists a dead letter with its reason, predicts its effect and redrives it', async () => {
    const customer = await shop.customer(100);
    const event = await placeOrderWithoutEvent(customer, 10);
    const { order_id } = event.data;
    // The unknown version is dead-lettered at once. The valid event is sent to the DLQ directly.
    await engine.send('order-payments', JSON.stringify({ ...event, version: 99 }));
    await engine.send('order-payments-dlq', JSON.stringify(event));
    const entries = await poll(
      async () => {
        const all = await cli.json<DeadLetterEntry[]>('dlq', 'list', 'order-payments', '--limit', '1000');
        return all.filter((entry) => entry.order_id === order_id);
      },
      ({ length }) => length === 2,
    );
    const poison = entries.find(({ reason }) => reason.includes('version 99 of OrderCreated is unknown'));
    expect(poison).toBeDefined();

    const dryRun = ['dlq', 'redrive', 'order-payments', '--id', event.id, '--dry-run'];
    const { messages } = await cli.json<{ messages: { message_id: string; effect: string }[] }>(...dryRun);
    const valid = messages.find(({ message_id }) => message_id !== poison?.message_id);
    expect(valid?.effect).toBe('apply');
    expect(messages.find(({ message_id }) => message_id === poison?.message_id)?.effect).toBe('fail_again');
    expect(await shop.balance(customer)).toBe(100);

    const redrive = ['dlq', 'redrive', 'order-payments', '--id', valid?.message_id ?? ''];
    expect(await cli.json<{ redriven: number }>(...redrive)).toMatchObject({ redriven: 1 });
    expect(await shop.waitForFinalState(order_id)).toMatchObject({ status: 'FINISHED' });
    expect(await shop.balance(customer)).toBe(90);
    const shown = await cli.json<{ body: unknown }>('dlq', 'show', 'order-payments', poison?.message_id ?? '');
    expect(shown.body).toEqual({ ...event, version: 99 });
  });

  test('consumers stop lets messages wait until consumers start', async () => {
    const customer = await shop.customer(100);
    const readState = async () => {
      const consumers = await cli.json<{ queue: string; state: string }[]>('consumers');
      return consumers.find(({ queue }) => queue === 'payment-status')?.state;
    };
    const stop = () => cli.json('consumers', 'stop', 'payment-status');
    const start = () => cli.json('consumers', 'start', 'payment-status');
    expect(await readState()).toBe('running');
    expect(await stop()).toMatchObject({ state: 'stopped', changed: true });
    try {
      expect(await readState()).toBe('stopped');
      expect(await stop()).toMatchObject({ state: 'stopped', changed: false });
      const { stderr } = await cli.run('consumers', 'stop', 'nowhere');
      expect(stderr).toMatch(/^✗ There is no queue "nowhere"\.\n/);
      const id = await shop.order(customer, 30);
      await poll(
        () => shop.balance(customer),
        (balance) => balance === 70,
      );
      // TicketIssued may move the order without PaymentAuthorized, since each has a queue of its own.
      const { body } = await shop.get(`/orders/${id}`);
      expect(['NEW', 'FINISHED']).toContain(body['status']);
      expect(await engine.messageCount('payment-status')).toBeGreaterThan(0);
      expect(await start()).toMatchObject({ state: 'running', changed: true });
      expect(await shop.waitForFinalState(id)).toMatchObject({ status: 'FINISHED' });
      await poll(
        () => engine.messageCount('payment-status'),
        (count) => count === 0,
      );
    } finally {
      await cli.run('consumers', 'start', 'payment-status');
    }
  });

  test('orders show and orders workflow show an order and its steps', async () => {
    const id = await shop.order(await shop.customer(100), 30);
    await shop.waitForFinalState(id);
    expect(await cli.json('orders', 'show', id)).toMatchObject({ id, amount: 30, status: 'FINISHED' });
    const { stdout } = await cli.run('orders', 'workflow', id);
    expect(stdout).toMatch(new RegExp(`^${id} is FINISHED\n`));
    expect(stdout).toMatch(/✓ placed .*\n✓ payment .*\n✓ ticket .*\n– refund\n✓ end /);
    expect(stdout).toMatch(/^OrderCreated +order-payments +done /m);
    const unknown = await cli.run('orders', 'workflow', 'a'.repeat(26));
    expect(unknown).toMatchObject({ code: 1, stderr: expect.stringMatching(/^✗ There is no order a+ in stage test/) });
  });

  test('logs tail shows the log lines of a function', async () => {
    await shop.customer();
    const lines = await poll(
      async () => (await cli.run('logs', 'tail', 'payments-api', '--since', '5m', '--no-follow')).stdout,
      (output) => output.includes('request completed'),
    );
    expect(lines).toMatch(/^\d\d:\d\d:\d\d\.\d{3} payments-api INFO {2}request completed .*status=201/m);
  });

  test('reports an error in the command line in one line', async () => {
    expect(await cli.run('dlq', 'list', 'nowhere')).toMatchObject({
      code: 1,
      stderr: expect.stringMatching(/^✗ There is no queue "nowhere"\.\n/),
    });
    expect(await cli.run('queues', '--nonsense')).toMatchObject({
      code: 2,
      stderr: expect.stringMatching(/^✗ Unknown option/),
    });
    expect(await cli.run('nonsense')).toMatchObject({ code: 2 });
  });

  test('a change of a stage on AWS shows the account and is refused without --yes, since there is no terminal', async () => {
    const credentials = { AWS_ACCESS_KEY_ID: 'test', AWS_SECRET_ACCESS_KEY: 'test', AWS_REGION: 'us-east-1' };
    const onAws = new OpsCli(inject('endpoint'), 'dev', credentials);
    const { code, stderr } = await onAws.run('seed', 'users', '--count', '1');
    expect(stderr).toContain('Stage dev on AWS: account 000000000000, region us-east-1, as arn:aws:iam::000000000000:');
    expect(stderr).toContain('Nothing was changed. Add --yes');
    expect(code).toBe(2);
  });
});
