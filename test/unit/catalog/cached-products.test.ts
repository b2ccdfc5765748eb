import { beforeEach, describe, expect, test } from 'vitest';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { createCatalogApiDeps, createCatalogDeps } from '../../../lambdas/catalog/deps.ts';
import { productCache } from '../../../lambdas/catalog/product-cache.ts';
import { FEED_INTERVAL_MS } from '../../../lambdas/shared/cache/feed.ts';
import type { Key } from '../../../lambdas/shared/store/store.ts';
import { type Capacity, meteredStore } from '../../support/cache-fixture.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';
import { seeded, type VirtualClock, virtualClock } from '../../support/virtual-clock.ts';
import { zipf } from '../../support/zipf.ts';

const ENVIRONMENTS = 8;
const READS = 20_000;
const skus = Array.from({ length: 1000 }, (_, index) => `product-${String(index).padStart(4, '0')}`);

let clock: VirtualClock;
let capacity: Capacity;
/** The keys of all product rows that a cache has loaded. */
let productReads: string[];
/** The dependencies of each environment of the API, and of the consumer. */
let apis: ReturnType<typeof createCatalogApiDeps>[];
let consumer: ReturnType<typeof createCatalogDeps>;

beforeEach(() => {
  clock = virtualClock(5);
  capacity = { reads: 0, readUnits: 0, writes: 0, writeUnits: 0 };
  const rows = createMemoryStore({ now: clock.now });
  productReads = [];
  const isProduct = ({ pk }: Key) => pk.startsWith('PRODUCT#');
  const store = overrideStore(rows, {
    getMany: (keys) => {
      productReads.push(...keys.filter(isProduct).map(({ pk }) => pk));
      return rows.getMany(keys);
    },
  });
  const ports = { store: meteredStore(store, clock, () => 4, capacity), clock };
  const orders = createMemoryStore({ now: clock.now });
  apis = Array.from({ length: ENVIRONMENTS }, () => createCatalogApiDeps(ports, orders));
  consumer = createCatalogDeps(ports);
});

const deadline = () => ({ deadlineMs: clock.now() + 5000 });
function apiOf(environment: number) {
  const api = apis[environment];
  if (!api) throw new Error(`there is no environment ${environment}`);
  return api(deadline());
}
const read = (sku: string, environment: number) => apiOf(environment).cached.get(sku);

async function run<T>(work: Promise<T>): Promise<T> {
  let isDone = false;
  const finished = work.finally(() => {
    isDone = true;
  });
  finished.catch(() => {});
  await clock.runUntil(() => isDone);
  return finished;
}
const put = (sku: string, price: number, environment = 0) =>
  run(apiOf(environment).products.put({ sku, name: `Ticket for the concert ${sku}`, price, capacity: 500 }, 'test'));
const stockChanged = (sku: string, claimed: number) =>
  StockChanged.make(
    { sku, claimed, version: claimed },
    { time: new Date(clock.now()).toISOString(), correlation_id: 'x', causation_id: 'y' },
  );
/** Does what the consumer does with the event. */
async function processEvent(sku: string, claimed: number): Promise<void> {
  const { products } = consumer(deadline());
  await products.setClaimed(stockChanged(sku, claimed));
  await products.publishToCaches(sku);
}

describe('a read of a product', () => {
  test.each([
    [1000, 90],
    [250, 85],
  ])(
    'takes fewer read units under a Zipf load of %i reads a second from 8 environments: at least %i percent fewer',
    async (readsPerSecond, atLeastPercent) => {
      for (const sku of skus) await put(sku, 1500);
      Object.assign(capacity, { reads: 0, readUnits: 0, writes: 0, writeUnits: 0 });
      const nextSku = zipf(skus, seeded(7));
      const random = seeded(9);
      const readAll = async () => {
        const reads: Promise<unknown>[] = [];
        for (let index = 0; index < READS; index++) {
          reads.push(read(nextSku(), Math.floor(random() * ENVIRONMENTS)));
          await clock.sleep(1000 / readsPerSecond);
        }
        await Promise.all(reads);
      };
      await run(readAll());
      const percent = (units: number) => (100 * (1 - units / READS)).toFixed(1);
      const cost = capacity.readUnits + 5 * capacity.writeUnits;
      console.log(
        `catalog under Zipf: ${READS} reads, ${readsPerSecond} a second, took ${capacity.readUnits} read units (−${percent(capacity.readUnits)} %) ` +
          `and ${capacity.writeUnits} write units, so they cost ${percent(cost)} % less`,
      );
      expect(Number(percent(capacity.readUnits))).toBeGreaterThanOrEqual(atLeastPercent);
      expect(cost).toBeLessThan(READS / 4);
    },
  );

  test('loads a cold product once for 200 requests at once from 8 environments', async () => {
    await put('gig', 1500);
    const results = await run(
      Promise.all(Array.from({ length: 200 }, (_, index) => read('gig', index % ENVIRONMENTS))),
    );
    expect(new Set(results.map(({ product }) => product.price))).toEqual(new Set([1500]));
    expect(productReads).toEqual(['PRODUCT#gig']);
  });

  test('returns no old value a second after the event was processed, and none older than the TTL without it', async () => {
    await put('gig', 1500);
    const readAll = () => run(Promise.all(apis.map((_, index) => read('gig', index))));
    await readAll();
    await run(processEvent('gig', 3));
    await run(clock.sleep(FEED_INTERVAL_MS));
    expect((await readAll()).map(({ product }) => product.claimed)).toEqual(apis.map(() => 3));
    // The event of this change is lost.
    await run(consumer(deadline()).products.setClaimed(stockChanged('gig', 4)));
    await run(clock.sleep(productCache.ttlMs));
    expect((await readAll()).map(({ product }) => product.claimed)).toEqual(apis.map(() => 4));
  });

  test('returns what the same environment has put, and lists a product that it has created', async () => {
    await put('a', 1500);
    await run(read('a', 0));
    await run(apiOf(0).cached.list({ limit: 10, above: undefined }));
    for (const [sku, price] of [
      ['a', 1600],
      ['b', 1700],
    ] as const)
      apiOf(0).cached.remember(await put(sku, price));
    expect(await run(read('a', 0))).toMatchObject({ product: { price: 1600 }, status: 'hit' });
    const { products } = await run(apiOf(0).cached.list({ limit: 10, above: undefined }));
    expect(products.map(({ sku, price }) => [sku, price])).toEqual([
      ['a', 1600],
      ['b', 1700],
    ]);
  });
});

describe('an unknown product', () => {
  test('takes two read units and no write unit, however many are asked for', async () => {
    for (const sku of skus.slice(0, 100)) await put(sku, 1500);
    for (const sku of skus.slice(0, 100)) await run(read(sku, 0));
    Object.assign(capacity, { reads: 0, readUnits: 0, writes: 0, writeUnits: 0 });
    for (let index = 0; index < 1000; index++) {
      await expect(run(read(`unknown-${index}`, index % ENVIRONMENTS))).rejects.toThrow('There is no product');
      await run(clock.sleep(10));
    }
    console.log(`1,000 unknown products took ${capacity.readUnits} read and ${capacity.writeUnits} write units`);
    expect(capacity.writes).toBe(0);
    // The others are for the feed and for the list of all SKUs, once a second and once in each environment.
    expect(capacity.readUnits).toBeLessThan(2200);
  });

  test('is found as soon as it was created, and is then shared by all environments', async () => {
    await put('a', 1500);
    for (const environment of [0, 1])
      await expect(run(read('new', environment))).rejects.toThrow('There is no product');
    await put('new', 1500, 1);
    await run(clock.sleep(productCache.absentTtlMs));
    for (const environment of [0, 1]) expect((await run(read('new', environment))).product.price).toBe(1500);
    await run(processEvent('new', 3));
    await run(clock.sleep(FEED_INTERVAL_MS));
    productReads.length = 0;
    for (const environment of [0, 1]) expect((await run(read('new', environment))).product.claimed).toBe(3);
    expect(productReads.filter((pk) => pk === 'PRODUCT#new')).toHaveLength(1);
  });

  test('is asked for under a lease if the list of all SKUs ends before it', async () => {
    for (let index = 0; index < 2000; index++) await put(`a-${String(index).padStart(4, '0')}`, 1500);
    await put('b', 1500);
    const results = await run(Promise.all(apis.map((_, environment) => read('b', environment))));
    expect(results).toHaveLength(ENVIRONMENTS);
    expect(productReads.filter((pk) => pk === 'PRODUCT#b')).toHaveLength(1);
  });
});

describe('a list of products', () => {
  test('is read from the cache, in the order of the SKUs, and names its status', async () => {
    for (const sku of ['c', 'a', 'b']) await put(sku, 1000);
    const list = () => run(apiOf(1).cached.list({ limit: 2, above: undefined }));
    expect(await list()).toMatchObject({ skus: ['a', 'b'], status: 'miss' });
    const { readUnits } = capacity;
    expect(await list()).toMatchObject({ products: [{ sku: 'a' }, { sku: 'b' }], status: 'hit' });
    expect(capacity.readUnits).toBe(readUnits);
  });

  test('shows no older product than a single read has shown before', async () => {
    await put('a', 1000);
    const list = () => run(apiOf(0).cached.list({ limit: 10, above: undefined }));
    await list();
    apiOf(0).cached.remember(await put('a', 2000));
    expect((await list()).products).toMatchObject([{ price: 2000 }]);
  });
});
