import { describe, expect, test } from 'vitest';
import type { Faults, TableFailure } from '../support/faults.ts';
import { PriceShop } from '../support/price-shop.ts';

const shirt = [{ sku: 'shirt', quantity: 1 }];
const percentOff = (percent: number) => ({
  mode: 'first_match',
  rules: [{ id: 'rule', effect: { type: 'percent', basis_points: -100 * percent } }],
});
const productAt = (price: number) => ({ name: 'shirt', price, stock: 100 });

/** The first write to the catalog gets no response. Of writes that hang, half arrive, some of them later. */
function failsOnce(failure: TableFailure): NonNullable<Faults['tableFails']> {
  let isOver = false;
  return ({ table, operation }) => {
    if (isOver || table !== 'catalog' || operation !== 'write') return undefined;
    isOver = true;
    return failure;
  };
}

const [user, alice] = [{ path: { user_id: 'alice' } }, 'alice'] as const;
const changes = {
  'the price of a product': {
    route: 'PUT /catalog/products/{sku}',
    wrong: { path: { sku: 'shirt' }, body: productAt(500) },
    right: { path: { sku: 'shirt' }, body: productAt(1000) },
  },
  'price rules': {
    route: 'PUT /catalog/rules',
    wrong: { body: percentOff(50) },
    right: { body: percentOff(0) },
  },
  'the tags of a customer': {
    route: 'PUT /catalog/customers/{user_id}',
    wrong: { ...user, body: { tags: ['staff'] } },
    right: { ...user, body: { tags: [] } },
  },
};

describe('a change that was taken back', () => {
  test.each(Object.entries(changes))('does not return if it was one of %s', async (name, { route, wrong, right }) => {
    const charged: unknown[] = [];
    for (let seed = 1; seed <= 20; seed++) {
      const shop = await PriceShop.open(seed);
      if (name === 'the tags of a customer')
        await shop.putRule({ when: { customer_tag: 'staff' }, effect: { type: 'price', price: 500 } });
      await shop.call(route, right);
      shop.simulation.faults.tableFails = failsOnce('hangs');
      const { status } = await shop.call(route, wrong);
      delete shop.simulation.faults.tableFails;
      expect([200, 503]).toContain(status);
      expect((await shop.call(route, right)).status).toBe(200);
      await shop.wait(30_000);
      charged.push((await shop.order({ user_id: alice, items: shirt })).body['amount']);
    }
    expect(new Set(charged)).toEqual(new Set([1000]));
  });

  test('does not return if it was one of a cart that was then deleted', async () => {
    for (let seed = 1; seed <= 20; seed++) {
      const shop = await PriceShop.open(seed);
      if (seed % 2 === 0) await shop.putCart([{ sku: 'poster', quantity: 1 }]);
      shop.simulation.faults.tableFails = failsOnce('hangs');
      await shop.putCart(shirt);
      delete shop.simulation.faults.tableFails;
      expect((await shop.call('DELETE /carts/{user_id}', user)).status).toBe(200);
      await shop.wait(30_000);
      expect((await shop.cart())['lines']).toEqual([]);
    }
  });
});

test.each(Object.entries(changes))(
  'a request that changes nothing of %s is confirmed, although the response to its write was lost',
  async (_, { route, right }) => {
    for (let seed = 1; seed <= 5; seed++) {
      const shop = await PriceShop.open(seed);
      await shop.call(route, right);
      shop.simulation.faults.tableFails = failsOnce('repeats');
      expect((await shop.call(route, right)).status).toBe(200);
    }
  },
);

/**
 * The price is 1000, then 2000 for a moment, and then 1000 again: at first a product becomes dearer, then rules take
 * half off. The reverse order has 500 in between.
 */
const halfOff = ['PUT /catalog/rules', { body: percentOff(50) }] as const;
const dearer = ['PUT /catalog/products/{sku}', { path: { sku: 'shirt' }, body: productAt(2000) }] as const;

describe.each([
  ['the product first', [dearer, halfOff], [1000, 2000]],
  ['the rules first', [halfOff, dearer], [500, 1000]],
] as const)('while a product and the rules change, %s', (_, [first, second], valid) => {
  test.each([
    ['an order', 'POST /orders', 'amount'],
    ['a quote', 'POST /quotes', 'total'],
  ])('%s has a price that was valid at one time (%s)', async (__, route, field) => {
    const prices: unknown[] = [];
    for (let seed = 1; seed <= 3; seed++) {
      const shop = await PriceShop.open(seed, { readSpreadMs: 50 });
      const { simulation } = shop;
      const buy = async (delayMs: number) => {
        await simulation.clock.sleep(delayMs);
        return simulation.request(route, { body: { user_id: 'alice', items: shirt } });
      };
      const change = async () => {
        await simulation.clock.sleep(20);
        for (const [changedRoute, request] of [first, second]) await simulation.request(changedRoute, request);
      };
      const delays = Array.from({ length: 40 }, (___, index) => index);
      const [, ...responses] = await simulation.runUntilDone(Promise.all([change(), ...delays.map(buy)]));
      prices.push(...responses.map(({ body }) => body[field]));
    }
    expect(prices.filter((price) => !(valid as readonly unknown[]).includes(price))).toEqual([]);
  });
});

test('a price is read once if nothing was changed for a minute', async () => {
  const shop = await PriceShop.open();
  await shop.putSale(10);
  await shop.tag('alice', 'staff');
  let reads = 0;
  shop.simulation.faults.tableFails = ({ table, operation }) => {
    if (table === 'catalog' && operation === 'getMany') reads += 1;
    return undefined;
  };
  await shop.quote({ items: shirt, user_id: alice });
  expect(reads).toBe(2);
  await shop.wait(61_000);
  await shop.quote({ items: shirt, user_id: alice });
  expect(reads).toBe(3);
});
