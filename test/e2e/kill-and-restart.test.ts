import { afterAll, beforeAll, expect, test } from 'vitest';
import { ApiClient } from '../support/api-client.ts';
import { EngineAccess } from '../support/engine-access.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { LocalInstance } from '../support/local-instance.ts';
import { poll } from '../support/poll.ts';

let laptop: LocalInstance;
let shop: ApiClient;
let behind: EngineAccess;

beforeAll(async () => {
  laptop = await LocalInstance.create();
  shop = new ApiClient(laptop.url);
  behind = new EngineAccess(laptop.endpoint);
  await laptop.start();
});
afterAll(() => laptop.remove());

test('a power cut in the middle of 100 orders: the next start works, every order that is there ends, the books are right', async () => {
  const customer = await shop.customer(100);
  // what a crash takes is at most the last seconds: this customer has been saved before the orders begin
  const opened = Date.now();
  const saved = await poll(
    () => laptop.savedAt(),
    (at) => at > opened,
  );
  let placed = 0;
  const customers = Array.from({ length: 4 }, async () => {
    while (placed < 100) {
      placed += 1;
      await shop.order(customer, 1);
    }
  });
  const buying = Promise.allSettled(customers);
  await poll(
    () => laptop.savedAt(),
    (now) => now > saved,
  );
  await laptop.killAll();
  await buying;

  await laptop.start();
  const { body } = await shop.get(`/orders?user_id=${customer}&limit=200`);
  const ids = (body as unknown as { id: string }[]).map(({ id }) => id);
  const endings = await shop.endings(ids);
  expect(endings['CANCELLED']).toBeUndefined();
  expect(await shop.balance(customer)).toBe(100 - ids.length);
  expect(findLedgerErrors(await behind.rows('payments'))).toEqual([]);
  await shop.post('/payments/accounts/deposit', { user_id: customer, amount: 1 });
  expect(await shop.ended(await shop.order(customer, 1))).toMatchObject({ status: 'FINISHED' });
});

test('Ctrl-C leaves nothing running, and the next start finds the data again', async () => {
  const customer = await shop.customer(7);
  expect(await laptop.stop()).toEqual([]);
  await laptop.start();
  expect(await shop.balance(customer)).toBe(7);
});
