import { afterAll, beforeAll, expect, test } from 'vitest';
import type { Row } from '../../lambdas/shared/store/store.ts';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { LocalInstance } from '../support/local-instance.ts';
import { poll } from '../support/poll.ts';

let instance: LocalInstance;
let api: ApiClient;
let engine: EngineAccess;

beforeAll(async () => {
  instance = await LocalInstance.create();
  api = new ApiClient(instance.url);
  engine = new EngineAccess(instance.endpoint);
  await instance.start();
});
afterAll(() => instance.remove());

test('after a power failure during 100 orders, the next start ends every saved order and the ledger has no errors', async () => {
  const customer = await api.customer(100);
  // A crash loses at most the last seconds, so the customer must be saved before the orders begin.
  const openedAt = Date.now();
  const savedAt = await poll(
    () => instance.savedAt(),
    (time) => time > openedAt,
  );
  let placed = 0;
  const clients = Array.from({ length: 4 }, async () => {
    while (placed < 100) {
      placed += 1;
      await api.order(customer, 1);
    }
  });
  const placing = Promise.allSettled(clients);
  await poll(
    () => instance.savedAt(),
    (time) => time > savedAt,
  );
  await instance.killAll();
  await placing;

  await instance.start();
  const { body } = await api.get(`/orders?user_id=${customer}&limit=200`);
  const ids = (body as unknown as { id: string }[]).map(({ id }) => id);
  const endings = await api.countFinalStates(ids);
  expect(endings['CANCELLED']).toBeUndefined();
  expect(await api.balance(customer)).toBe(100 - ids.length);
  expect(findLedgerErrors(await engine.rows('payments'))).toEqual([]);
  await api.post('/payments/accounts/deposit', { user_id: customer, amount: 1 });
  expect(await api.waitForFinalState(await api.order(customer, 1))).toMatchObject({ status: 'FINISHED' });
});

test('Ctrl-C ends all processes, and the next start finds the data', async () => {
  const customer = await api.customer(7);
  expect(await instance.stop()).toEqual([]);
  await instance.start();
  expect(await api.balance(customer)).toBe(7);
});

test('each start creates the sample users that are missing, and their balances change at once', async () => {
  const rowsWith = async (pattern: RegExp) =>
    (await engine.rows('payments')).filter(({ pk, sk }) => pattern.test(`${pk} ${sk}`));
  const SAMPLE_USER = /^ACCOUNT#u42-\d{6} STATE$/;
  await instance.stop();
  await instance.start({ ONCEBOX_SAMPLE_USERS: '300' });
  expect(await rowsWith(SAMPLE_USER)).toHaveLength(300);
  await instance.stop();
  await instance.start({ ONCEBOX_SAMPLE_USERS: '1000' });
  const startedAt = Date.now();
  expect(await rowsWith(SAMPLE_USER)).toHaveLength(1000);
  const isNew = (entry: Row) => Date.parse(String(entry['at'])) > startedAt;
  // A tick is due every 10 s. Without planning the current minute, the first one may be a minute away.
  await poll(
    async () => (await rowsWith(/^CHUNK#\d+ TICK#/)).filter(isNew),
    (entries) => entries.length > 0,
    20_000,
  );
  console.log(`the first balances changed ${((Date.now() - startedAt) / 1000).toFixed(1)} s after the start`);
});
