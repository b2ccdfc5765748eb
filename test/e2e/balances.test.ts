import { afterAll, describe, expect, inject, test } from 'vitest';
import { BalancesUpdated } from '../../events/payments/balances-updated.ts';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { OpsCli } from '../support/ops-cli.ts';
import { poll } from '../support/poll.ts';
import { balancesByUser, ledgerTotals } from '../support/read-model.ts';

const shop = new ApiClient(inject('url'));
const behind = new EngineAccess(inject('endpoint'));
const operator = new OpsCli(inject('endpoint'));

const shown = (user: string) => shop.get(`/balances/${user}`);
const untilShown = (user: string, balance: number, version: number) =>
  poll(
    async () => (await shown(user)).body,
    (body) => body['balance'] === balance && body['version'] === version,
  );

interface Sync {
  readonly drifts: readonly { readonly user_id?: string; readonly kind: string; readonly repaired: boolean }[];
}
const sync = async (user: string) =>
  (await operator.json<Sync>('balances', 'sync')).drifts.filter(({ user_id }) => user_id === user);

afterAll(() => behind.purge('balance_updates-dlq'));

describe('the balances', () => {
  test('follow a deposit, an order and its refund, and updates that are old change nothing', async () => {
    const customer = await shop.customer();
    expect(await untilShown(customer, 0, 0)).toMatchObject({ user_id: customer, updated_at: expect.any(String) });
    await shop.post('/payments/accounts/deposit', { user_id: customer, amount: 100 });
    await untilShown(customer, 100, 1);
    const id = await shop.order(customer, 30);
    await untilShown(customer, 70, 2);
    await shop.ended(id);
    await shop.refund(id);
    await untilShown(customer, 100, 3);
    const old = [2, 1, 2].map((version) =>
      BalancesUpdated.make(
        { entry_id: `order:${id}`, balances: [{ user_id: customer, balance: version, version }] },
        { time: new Date().toISOString(), correlation_id: id, causation_id: id },
      ),
    );
    await behind.sendBatch(
      'balance_updates',
      old.map((event) => JSON.stringify(event)),
    );
    await poll(
      () => behind.messageCount('balance_updates'),
      (waiting) => waiting === 0,
    );
    await untilShown(customer, 100, 3);
  });

  test('of somebody unknown are not there', async () => {
    expect(await shown('nobody-at-all')).toMatchObject({ status: 404, body: { code: 'balance_not_found' } });
  });

  test.each(['/balances/stats', '/balances/latest?limit=3'])('are remembered for a moment: %s', async (path) => {
    await poll(
      async () => [(await shop.get(path)).headers.get('x-cache'), (await shop.get(path)).headers.get('x-cache')],
      ([first, second]) => first === 'miss' && second === 'hit',
    );
  });

  test('are counted as the ledger has them, with the latest change on top', async () => {
    const customer = await shop.customer(1234);
    const [latest] = await poll(
      () => operator.json<{ user_id: string; balance: number }[]>('balances', 'latest', '--limit', '1'),
      ([newest]) => newest?.user_id === customer,
    );
    expect(latest).toMatchObject({ balance: 1234, version: 1 });
    const { users, balances, sum } = ledgerTotals(await behind.rows('payments'));
    await poll(
      () => operator.json<Record<string, unknown>>('balances', 'count'),
      (stats) => stats['users'] === users && stats['balances'] === balances && stats['total'] === Number(sum),
    );
  });
});

describe('an operator', () => {
  test('has a falsified balance found and put right, once', async () => {
    const customer = await shop.customer(100);
    await untilShown(customer, 100, 1);
    const row = (await behind.rows('balances')).find(({ user_id }) => user_id === customer);
    if (!row) throw new Error(`${customer} has no row`);
    const found = await poll(
      async () => {
        await behind.overwriteRow('balances', { ...row, balance: 999 });
        return sync(customer);
      },
      // the schedule may be the first to find it
      (drifts) => drifts.length > 0,
    );
    expect(found).toMatchObject([{ kind: 'wrong', repaired: true }]);
    expect(balancesByUser(await behind.rows('balances'), 'USER')[customer]).toEqual({ balance: 100, version: 1 });
    expect(await sync(customer)).toEqual([]);
  });

  test('sees what is dead in the queue, and why', async () => {
    await behind.send('balance_updates', '{"not":"ours"}');
    const [dead] = await poll(
      () => behind.deadLetters('balance_updates'),
      (letters) => letters.length > 0,
    );
    expect(dead?.attributes['reason']).toMatch(/^Poison: not our envelope/);
    const queues = await operator.json<{ queue: string; dead: number }[]>('queues');
    expect(queues.find(({ queue }) => queue === 'balance_updates')?.dead).toBeGreaterThan(0);
  });
});
