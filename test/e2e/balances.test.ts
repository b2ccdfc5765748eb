import { randomUUID } from 'node:crypto';
import { afterAll, describe, expect, inject, test } from 'vitest';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { EngineFunctions } from '../support/engine-functions.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';
import { balancesByUser, ledgerTotals } from '../support/read-model.ts';

const shop = new ApiClient(inject('url'));
const engine = new EngineAccess(inject('endpoint'));
const functions = new EngineFunctions(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

const getBalance = (user: string) => shop.get(`/balances/${user}`);
const waitForBalance = (user: string, balance: number, version: number) =>
  poll(
    async () => (await getBalance(user)).body,
    (body) => body['balance'] === balance && body['version'] === version,
  );

interface Sync {
  readonly drifts: readonly { readonly user_id?: string; readonly kind: string; readonly repaired: boolean }[];
}
/** Runs the sync of all buckets. Returns the drifts of one user. */
const sync = async (user: string) =>
  (await operator.json<Sync>('balances', 'sync')).drifts.filter(({ user_id }) => user_id === user);

afterAll(() => engine.purge('balance_updates-dlq'));

describe('the balances', () => {
  test('follow a deposit, an order and its refund, and ignore stale updates', async () => {
    const customer = await shop.customer();
    expect(await waitForBalance(customer, 0, 0)).toMatchObject({ user_id: customer, updated_at: expect.any(String) });
    await shop.post('/payments/accounts/deposit', { user_id: customer, amount: 100 });
    await waitForBalance(customer, 100, 1);
    const id = await shop.order(customer, 30);
    await waitForBalance(customer, 70, 2);
    await shop.waitForFinalState(id);
    await shop.refund(id);
    await waitForBalance(customer, 100, 3);
    const staleEvents = [2, 1, 2].map((version) =>
      BalancesUpdated.make(
        { entry_id: `order:${id}`, balances: [{ user_id: customer, balance: version, version }] },
        { time: new Date().toISOString(), correlation_id: id, causation_id: id },
      ),
    );
    await engine.sendBatch(
      'balance_updates',
      staleEvents.map((event) => JSON.stringify(event)),
    );
    await poll(
      () => engine.messageCount('balance_updates'),
      (messageCount) => messageCount === 0,
    );
    await waitForBalance(customer, 100, 3);
  });

  test('return 404 for an unknown user', async () => {
    expect(await getBalance('unknown-user')).toMatchObject({ status: 404, body: { code: 'balance_not_found' } });
  });

  test.each(['/balances/stats', '/balances/latest?limit=3'])('are cached for a short time by %s', async (path) => {
    await poll(
      async () => [(await shop.get(path)).headers.get('x-cache'), (await shop.get(path)).headers.get('x-cache')],
      ([first, second]) => first === 'miss' && second === 'hit',
    );
  });

  test('have the totals of the ledger, with the latest change first', async () => {
    const customer = await shop.customer(1234);
    const [latest] = await poll(
      () => operator.json<{ user_id: string; balance: number }[]>('balances', 'latest', '--limit', '1'),
      ([newest]) => newest?.user_id === customer,
    );
    expect(latest).toMatchObject({ balance: 1234, version: 1 });
    const { users, balances, sum } = ledgerTotals(await engine.rows('payments'));
    await poll(
      () => operator.json<Record<string, unknown>>('balances', 'count'),
      (stats) => stats['users'] === users && stats['balances'] === balances && stats['total'] === Number(sum),
    );
  });

  test('are repaired by the scheduled sync if they were falsified', async () => {
    const customer = await shop.customer(100);
    await waitForBalance(customer, 100, 1);
    const row = (await engine.rows('balances')).find(({ user_id }) => user_id === customer);
    if (!row) throw new Error(`${customer} has no row`);
    await engine.overwriteRow('balances', { ...row, balance: 999 });
    await functions.runJob('balances-sync-balances', new Date());
    expect(balancesByUser(await engine.rows('balances'), 'USER')[customer]).toEqual({ balance: 100, version: 1 });
  });
});

describe('an operator', () => {
  test('finds and repairs a falsified balance with one sync', async () => {
    const customer = await shop.customer(100);
    await waitForBalance(customer, 100, 1);
    const row = (await engine.rows('balances')).find(({ user_id }) => user_id === customer);
    if (!row) throw new Error(`${customer} has no row`);
    const drifts = await poll(
      async () => {
        await engine.overwriteRow('balances', { ...row, balance: 999 });
        return sync(customer);
      },
      // The scheduled sync may repair the balance first, so it is falsified again until this sync finds it.
      (found) => found.length > 0,
    );
    expect(drifts).toMatchObject([{ kind: 'wrong', repaired: true }]);
    expect(balancesByUser(await engine.rows('balances'), 'USER')[customer]).toEqual({ balance: 100, version: 1 });
    expect(await sync(customer)).toEqual([]);
  });

  test('sees the dead letters of a queue with their reasons', async () => {
    await engine.purge('balance_updates-dlq');
    const poison = JSON.stringify({ not: randomUUID() });
    await engine.send('balance_updates', poison);
    const deadLetter = await poll(
      async () => (await engine.deadLetters('balance_updates')).find(({ body }) => body === poison),
      (found) => found !== undefined,
    );
    expect(deadLetter?.attributes['reason']).toMatch(/^PoisonMessage: not an event envelope/);
    const queues = await operator.json<{ queue: string; dead_letters: number }[]>('queues');
    expect(queues.find(({ queue }) => queue === 'balance_updates')?.dead_letters).toBeGreaterThan(0);
  });
});
