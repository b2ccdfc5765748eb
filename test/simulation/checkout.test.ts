import { describe, expect, test } from 'vitest';
import type { Envelope } from '../../events/envelope.ts';
import { QUOTE_VALID_MS } from '../../lambdas/catalog/quote-row.ts';
import type { Faults } from '../support/faults.ts';
import { findLedgerErrors } from '../support/ledger-check.ts';
import { PriceShop } from '../support/price-shop.ts';
import { drawFaults } from '../support/random-faults.ts';
import { findSagaErrors } from '../support/saga-check.ts';
import type { HttpResponse } from '../support/simulation.ts';
import { seeded } from '../support/virtual-clock.ts';

const PRESSES = 50;
const MINUTE_MS = 60_000;
/** The outages begin in the first half of this time, in which all presses happen. */
const OUTAGES_MS = 1000;
const MAX_SWEEPS = 20;
const shirts = [{ sku: 'shirt', quantity: 2 }];
const poster = [{ sku: 'poster', quantity: 1 }];
const empty = { user_id: 'alice', lines: [], total: 0 };

/** Opens a shop without faults, in which alice has 10,000. The faults begin with the returned function. */
async function openShop(seed: number, faultsAt: (nowMs: number) => Faults) {
  const shop = await PriceShop.open(seed);
  await shop.openAccount('alice', 10_000);
  await shop.putSale(10);
  await shop.simulation.settle();
  const begin = () => Object.assign(shop.simulation.faults, faultsAt(shop.simulation.clock.now()));
  const end = () => {
    for (const name of Object.keys(shop.simulation.faults) as (keyof Faults)[]) delete shop.simulation.faults[name];
  };
  return { shop, begin, end };
}

/** Sends requests until the outcome of each is known, as a client does that gets no response. */
async function callUntilKnown(shop: PriceShop, send: () => Promise<HttpResponse>): Promise<HttpResponse> {
  for (;;) {
    const response = await send();
    if (response.status < 500) return response;
    expect([502, 503]).toContain(response.status);
    await shop.simulation.clock.sleep(1000);
  }
}

const press = (shop: PriceShop, key: string | undefined): Promise<HttpResponse> =>
  callUntilKnown(shop, () =>
    shop.simulation.request('POST /carts/{user_id}/checkout', {
      path: { user_id: 'alice' },
      body: {},
      ...(key === undefined ? {} : { headers: { 'Idempotency-Key': key } }),
    }),
  );

const keys: [string, (index: number) => string | undefined][] = [
  ['one key', () => 'key'],
  [`${PRESSES} keys`, (index) => `key-${index}`],
  ['no key', () => undefined],
];

/** The faults are those of docs/simulation.md. Their rates dead-letter no message. */
const scenarios: [string, (random: () => number, nowMs: number) => Faults][] = [
  ['no faults', () => ({})],
  ['conflicts of 30 % of the transactions', () => ({ chaos: { transaction_conflict: 0.3 } })],
  [
    'lost responses, hanging tables, and events that are delivered several times',
    (random) => ({
      duplicateRate: 0.5,
      lostAckRate: 0.1,
      chaos: { transaction_conflict: 0.1, publish_failure: 0.2, duplicate: 0.3 },
      tableFails: () => {
        const draw = random();
        if (draw < 0.02) return 'hangs';
        if (draw < 0.06) return 'repeats';
        return draw < 0.1 ? 'throttles' : undefined;
      },
    }),
  ],
  [
    'random faults of every kind, with outages of a table and of the bus',
    (random, nowMs) => drawFaults(random, nowMs, OUTAGES_MS),
  ],
];

describe.each(scenarios)('a checkout with %s', (_, faultsOf) => {
  describe.each(keys)(`pressed ${PRESSES} times at once with %s`, (_keys, keyOf) => {
    test.each([1, 2, 3])('leads to one order, one debit and an empty cart (seed %i)', async (seed) => {
      const { shop, begin, end } = await openShop(seed, (nowMs) => faultsOf(seeded(seed), nowMs));
      await shop.putCart(shirts);
      begin();
      const presses = Array.from({ length: PRESSES }, (__, index) => press(shop, keyOf(index)));
      const responses = await shop.simulation.runUntilDone(Promise.all(presses));
      end();
      await shop.simulation.settle();
      const hasEnded = () =>
        shop.placedOrders().every(({ state }) => (state as { status: string }).status === 'FINISHED');
      for (let sweep = 0; sweep < MAX_SWEEPS && !hasEnded(); sweep++) await shop.simulation.sweepAfterMinute();

      expect(new Set(responses.map(({ status }) => status))).toEqual(new Set([201]));
      expect(new Set(responses.map(({ body }) => JSON.stringify(body))).size).toBe(1);
      expect(shop.placedOrders()).toHaveLength(1);
      expect(shop.debits()).toHaveLength(1);
      expect(await shop.balance('alice')).toBe(8200);
      expect(await shop.cart()).toEqual(empty);
      expect(await shop.simulation.catalog.get({ pk: 'CART#alice', sk: 'STATE' })).toMatchObject({ items: [] });
      const [orders, payments, tickets] = [shop.simulation.orders, shop.simulation.payments, shop.simulation.tickets];
      expect(findSagaErrors({ orders: orders.all(), payments: payments.all(), tickets: tickets.all() })).toEqual([]);
      expect(findLedgerErrors(payments.all())).toEqual([]);
    });
  });
});

describe('a cart that is changed between two presses', () => {
  test.each([1, 2, 3, 4, 5])(
    'keeps the change, and each of its generations is ordered once (seed %i)',
    async (seed) => {
      const { shop, begin, end } = await openShop(seed, () => ({
        duplicateRate: 0.5,
        chaos: { transaction_conflict: 0.3 },
      }));
      await shop.putCart(shirts);
      begin();
      const put = () =>
        callUntilKnown(shop, () =>
          shop.simulation.request('PUT /carts/{user_id}', { path: { user_id: 'alice' }, body: { items: poster } }),
        );
      const first = await shop.simulation.runUntilDone(
        Promise.all([press(shop, 'first'), shop.simulation.clock.sleep(seed * 3).then(put)]),
      );
      const second = await shop.simulation.runUntilDone(press(shop, 'second'));
      const again = await shop.simulation.runUntilDone(press(shop, 'first'));
      end();
      await shop.simulation.settle();
      expect(again.body).toEqual(first[0].body);
      expect(second.body['amount']).toBe(270);
      const amounts = new Set(shop.placedOrders().map(({ amount }) => Number(amount)));
      expect(shop.placedOrders()).toHaveLength(amounts.size);
      expect(await shop.balance('alice')).toBe(10_000 - [...amounts].reduce((sum, amount) => sum + amount, 0));
      expect(await shop.cart()).toEqual(empty);
    },
  );

  test('loses nothing if the event of the first press arrives only after the change', async () => {
    const { shop } = await openShop(1, () => ({}));
    let held: Envelope | undefined;
    shop.simulation.faults.loses = (event) => {
      if (event.type === 'CartCheckedOut') held = event;
      return event.type === 'CartCheckedOut';
    };
    await shop.putCart(shirts);
    await shop.checkOut();
    await shop.simulation.settle();
    expect(await shop.cart()).toEqual(empty);
    await shop.putCart(poster);
    delete shop.simulation.faults.loses;
    if (!held) throw new Error('the event was not published');
    shop.simulation.deliver(held);
    await shop.simulation.settle();
    expect(await shop.cart()).toMatchObject({ total: 270 });
  });
});

describe('a checkout that was refused', () => {
  test('is never paid, also if an earlier write of it arrives when the cart has other items', async () => {
    const results: Record<string, number> = {};
    for (let seed = 1; seed <= 60; seed++) {
      const { shop } = await openShop(seed, () => ({}));
      await shop.putCart(shirts);
      let hasHung = false;
      shop.simulation.faults.tableFails = ({ table, operation }) => {
        if (hasHung || table !== 'orders' || operation !== 'write') return undefined;
        hasHung = true;
        return 'hangs';
      };
      const first = await shop.checkOut('key-1', { amount: 1800 });
      await shop.putSale(20);
      const second = await shop.checkOut('key-1', { amount: 1800 });
      // The customer takes the refusal as final, and orders something else instead.
      const ordersAgain = second.status === 409;
      if (ordersAgain) {
        await shop.putCart(poster);
        expect((await shop.checkOut('key-2')).status).toBe(201);
      }
      await shop.simulation.settle();
      const debit = 10_000 - Number(await shop.balance('alice'));
      const result = `${first.status} ${second.status}, debit ${debit}`;
      results[result] = (results[result] ?? 0) + 1;
    }
    // The poster costs 240 at 20 % off, and the shirts 1800 at 10 % off.
    expect(Object.keys(results).sort()).toEqual(['201 201, debit 1800', '503 409, debit 240']);
  });
});

describe('a quote', () => {
  test.each([1, 2, 3])('is honoured until its expiry while rules and prices change (seed %i)', async (seed) => {
    const random = seeded(seed);
    const { shop, begin, end } = await openShop(seed, () => ({
      readSpreadMs: 50,
      chaos: { transaction_conflict: 0.2 },
      tableFails: () => (random() < 0.03 ? 'throttles' : undefined),
    }));
    const { clock } = shop.simulation;
    const quoted = (await shop.quote({ items: shirts, user_id: 'alice' })).body;
    const expiresMs = Date.parse(String(quoted['expires_at']));
    begin();

    const changing = async () => {
      while (clock.now() < expiresMs + MINUTE_MS) {
        const basis_points = -Math.floor(random() * 5000);
        const body = { mode: 'combine', rules: [{ id: 'sale', effect: { type: 'percent', basis_points } }] };
        await callUntilKnown(shop, () => shop.simulation.request('PUT /catalog/rules', { body }));
        const product = { name: 'shirt', price: 1 + Math.floor(random() * 5000), stock: 1000 };
        await callUntilKnown(shop, () =>
          shop.simulation.request('PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body: product }),
        );
        await clock.sleep(random() * 2 * MINUTE_MS);
      }
    };
    const ordering = async (index: number) => {
      await clock.sleep(index * (QUOTE_VALID_MS / 30));
      const headers = { 'Idempotency-Key': `key-${index}` };
      const body = { user_id: 'alice', items: shirts, quote_id: quoted['quote_id'] };
      return callUntilKnown(shop, () => shop.simulation.request('POST /orders', { headers, body }));
    };
    const orders = Array.from({ length: 33 }, (__, index) => ordering(index));
    const [responses] = await shop.simulation.runUntilDone(Promise.all([Promise.all(orders), changing()]));
    end();
    await shop.simulation.settle();

    const placed = responses.filter(({ status }) => status === 201);
    const rejected = responses.filter(({ status }) => status === 409);
    expect(placed.length + rejected.length).toBe(33);
    expect(placed.length).toBeGreaterThanOrEqual(29);
    expect(rejected.length).toBeGreaterThanOrEqual(2);
    for (const { body } of placed) {
      expect(body).toMatchObject({ amount: 1800, pricing: { rules_version: 1, quote_id: quoted['quote_id'] } });
      expect(Date.parse(String(body['created_at']))).toBeLessThan(expiresMs);
    }
    for (const { body } of rejected) expect(body).toMatchObject({ code: 'quote_expired' });
    expect((await shop.call('GET /catalog/rules')).body['version']).toBeGreaterThan(5);
  });
});
