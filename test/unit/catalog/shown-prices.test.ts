import { beforeEach, describe, expect, test } from 'vitest';
import { PriceRulesChanged } from '../../../events/catalog/price-rules-changed.ts';
import { type CatalogApiDeps, createCatalogApiDeps, createCatalogDeps } from '../../../lambdas/catalog/deps.ts';
import { rulesCache } from '../../../lambdas/catalog/rules-cache.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const SECOND_MS = 1000;
const items = [{ sku: 'shirt', quantity: 2 }];

let clock: ReturnType<typeof createSteppingClock>;
/** The keys that were read from the table, without those of the cache itself. */
let reads: string[];
let apis: readonly (() => CatalogApiDeps)[];
let consumer: ReturnType<typeof createCatalogDeps>;

const api = (environment: number): CatalogApiDeps => {
  const createDeps = apis[environment];
  if (!createDeps) throw new Error(`there is no environment ${environment}`);
  return createDeps();
};
const deadline = () => ({ deadlineMs: clock.now() + 5 * SECOND_MS });

beforeEach(async () => {
  clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  reads = [];
  const note = (keys: readonly { pk: string }[]) =>
    reads.push(...keys.map(({ pk }) => pk).filter((pk) => !pk.startsWith('CACHE#')));
  const store = overrideStore(table, {
    get: (key) => {
      note([key]);
      return table.get(key);
    },
    getMany: (keys) => {
      note(keys);
      return table.getMany(keys);
    },
  });
  const ports = { store, clock };
  apis = [0, 1].map(() => {
    const createDeps = createCatalogApiDeps(ports, createMemoryStore({ now: clock.now }));
    return () => createDeps(deadline());
  });
  consumer = createCatalogDeps(ports);
  await api(0).products.put({ sku: 'shirt', name: 'T-shirt', price: 1000, capacity: 50 }, 'request');
});

/** Puts rules by one environment, as the route does. */
async function putSale(percent: number): Promise<number> {
  const rule = { id: 'sale', effect: { type: 'percent' as const, basis_points: -100 * percent } };
  const rules = await api(0).rules.put({ set: { mode: 'combine', rules: [rule] }, correlationId: 'request' });
  api(0).shownPrices.remember(rules);
  return rules.version;
}
const receive = (version: number) =>
  consumer(deadline()).invalidateRules(
    PriceRulesChanged.make(
      { version },
      { time: new Date(clock.now()).toISOString(), correlation_id: 'x', causation_id: 'y' },
    ),
  );
const shown = async (environment: number, user_id?: string) =>
  (await api(environment).shownPrices.read({ items, user_id })).price.total;

describe('a price that is shown', () => {
  test('is calculated without a read of products and rules once they are cached', async () => {
    expect(await api(1).shownPrices.read({ items })).toMatchObject({ status: 'miss', price: { total: 2000 } });
    reads = [];
    expect(await api(1).shownPrices.read({ items })).toMatchObject({ status: 'hit', price: { total: 2000 } });
    expect(reads).toEqual([]);
  });

  test('follows rules at once where they were put, and a second after their event elsewhere', async () => {
    expect(await shown(1)).toBe(2000);
    const version = await putSale(10);
    expect(await shown(0)).toBe(1800);
    for (let time = 0; time < 2; time++) await receive(version);
    clock.pass(SECOND_MS);
    expect(await shown(1)).toBe(1800);
  });

  test('follows rules whose event was lost when their TTL has passed', async () => {
    expect(await shown(1)).toBe(2000);
    await putSale(10);
    clock.pass(rulesCache.ttlMs);
    expect(await shown(1)).toBe(1800);
  });

  test('reads the tags of a customer only if a rule asks for one, and then each time', async () => {
    await shown(1, 'alice');
    expect(reads).not.toContain('CUSTOMER#alice');
    const staff = { id: 'staff', when: { customer_tag: 'staff' }, effect: { type: 'price' as const, price: 1 } };
    const { version } = await api(0).rules.put({ set: { mode: 'combine', rules: [staff] }, correlationId: 'request' });
    await receive(version);
    clock.pass(SECOND_MS);
    expect(await shown(1, 'alice')).toBe(2000);
    await api(0).customers.put({ user_id: 'alice', tags: ['staff'] });
    expect(await shown(1, 'alice')).toBe(2);
    expect(await shown(1, 'bob')).toBe(2000);
  });

  test('is read from the table for a product that the cache does not know yet', async () => {
    await expect(api(1).shownPrices.read({ items: [{ sku: 'hat', quantity: 1 }] })).rejects.toMatchObject({
      code: 'unknown_sku',
    });
    await api(0).products.put({ sku: 'hat', name: 'Hat', price: 5, capacity: 1 }, 'request');
    const { price, status } = await api(1).shownPrices.read({ items: [{ sku: 'hat', quantity: 1 }] });
    expect([price.total, status]).toEqual([5, 'miss']);
  });
});

test('a price that is charged is read from the table, whatever is shown', async () => {
  expect(await shown(1)).toBe(2000);
  await putSale(10);
  expect(await shown(1)).toBe(2000);
  clock.pass(60_001);
  reads = [];
  const charged = await api(1).readPrice({ items });
  expect(charged.total).toBe(1800);
  expect(reads).toEqual(['RULES', 'PRODUCT#shirt']);
  expect(charged.decidedMs).toBeGreaterThanOrEqual(noon);
});
