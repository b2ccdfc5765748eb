import { describe, expect, test } from 'vitest';
import type { CacheDefinition } from '../../../../lambdas/shared/cache/definition.ts';
import { CacheWorld, type Item, itemCache } from '../../../support/cache-fixture.ts';
import { seeded, virtualClock } from '../../../support/virtual-clock.ts';
import { zipf } from '../../../support/zipf.ts';

const READS = 20_000;
const ENVIRONMENTS = 8;
const skus = Array.from({ length: 1000 }, (_, index) => `product-${String(index).padStart(4, '0')}`);
/** A read of one product without the cache: strongly consistent, and below 4 KB. */
const UNITS_WITHOUT_CACHE = READS;
/** A write unit costs five times as much as a read unit. */
const READ_UNITS_PER_WRITE_UNIT = 5;

/** Values as large as the products of the catalog. */
const products: CacheDefinition<Item> = {
  ...itemCache,
  ttlMs: 300_000,
  parse: (json) => json as Item,
};

interface Load {
  readonly groups: number;
  readonly withCompanions: boolean;
  readonly readsPerSecond: number;
}

/** Sends the reads to the environments at random, and returns what they took. */
async function readUnderLoad({ groups, withCompanions, readsPerSecond }: Load) {
  const clock = virtualClock(1);
  const world = new CacheWorld({
    clock,
    environments: ENVIRONMENTS,
    definition: { ...products, groups },
    padding: 'x'.repeat(90),
    ...(withCompanions ? { companions: async () => skus } : {}),
  });
  for (const sku of skus) world.source.set(sku, 1);
  const nextKey = zipf(skus, seeded(7));
  const random = seeded(9);
  const sendAll = async () => {
    const reads: Promise<unknown>[] = [];
    for (let index = 0; index < READS; index++) {
      reads.push(world.get(nextKey(), Math.floor(random() * ENVIRONMENTS)));
      await clock.sleep(1000 / readsPerSecond);
    }
    await Promise.all(reads);
  };
  await world.run(sendAll());
  const { capacity, loads } = world;
  const cost = capacity.readUnits + capacity.writeUnits * READ_UNITS_PER_WRITE_UNIT;
  const saved = (units: number) => Number((100 * (1 - units / UNITS_WITHOUT_CACHE)).toFixed(1));
  const rows = world.rows.all().map((row) => Buffer.byteLength(JSON.stringify(row)));
  return {
    'reads/s': readsPerSecond,
    groups,
    companions: withCompanions,
    loads: loads.length,
    'rows read': capacity.reads,
    'read units': capacity.readUnits,
    'fewer read units %': saved(capacity.readUnits),
    'write units': capacity.writeUnits,
    'lower cost %': saved(cost),
    'largest row': Math.max(...rows),
  };
}

describe('under a Zipf load of 20,000 reads on 1,000 products from 8 environments', () => {
  test('read units fall by at least 90 %, counting rows, feed and source', async () => {
    const figures = await readUnderLoad({ groups: 64, withCompanions: true, readsPerSecond: 1000 });
    console.table([figures]);
    expect(figures['fewer read units %']).toBeGreaterThanOrEqual(90);
    expect(figures['lower cost %']).toBeGreaterThanOrEqual(80);
    expect(figures['largest row']).toBeLessThan(8 * 1024);
  });

  test('loading companions takes fewer reads, and less than a fifth of the writes', async () => {
    const loads: Load[] = [16, 32, 64, 128].map((groups) => ({ groups, withCompanions: true, readsPerSecond: 1000 }));
    loads.push({ groups: 64, withCompanions: false, readsPerSecond: 1000 });
    loads.push({ groups: 1000, withCompanions: false, readsPerSecond: 1000 });
    loads.push({ groups: 64, withCompanions: true, readsPerSecond: 250 });
    const table = [];
    for (const load of loads) table.push(await readUnderLoad(load));
    console.table(table);
    const [, , chosen, , alone] = table;
    expect(chosen?.['write units']).toBeLessThan((alone?.['write units'] ?? 0) / 5);
    expect(chosen?.['read units']).toBeLessThan(alone?.['read units'] ?? 0);
  }, 60_000);
});

describe('with a memory that is smaller than the working set', () => {
  test.each([
    [0.5, 7000],
    [0.2, 14_000],
  ])('that holds %d of the catalog, 20,000 reads take %i read units at most', async (share, maxReadUnits) => {
    const clock = virtualClock(1);
    const padding = 'x'.repeat(90);
    const characters =
      skus.length * (100 + 'product-0000'.length + JSON.stringify({ key: skus[0], version: 1, padding }).length);
    const definition = { ...products, groups: 64, ttlMs: 3_600_000, maxCharacters: Math.round(share * characters) };
    const world = new CacheWorld({
      clock,
      environments: ENVIRONMENTS,
      definition,
      padding,
      companions: async () => skus,
    });
    for (const sku of skus) world.source.set(sku, 1);
    const nextKey = zipf(skus, seeded(7));
    const random = seeded(9);
    const rounds: { readUnits: number; writeUnits: number }[] = [];
    const readRound = async () => {
      const { readUnits, writeUnits } = world.capacity;
      const reads: Promise<unknown>[] = [];
      for (let index = 0; index < READS; index++) {
        reads.push(world.get(nextKey(), Math.floor(random() * ENVIRONMENTS)));
        await clock.sleep(1);
      }
      await Promise.all(reads);
      rounds.push({
        readUnits: world.capacity.readUnits - readUnits,
        writeUnits: world.capacity.writeUnits - writeUnits,
      });
    };
    for (let round = 0; round < 2; round++) await world.run(readRound());
    console.table(rounds);
    for (const { readUnits } of rounds) expect(readUnits).toBeLessThan(maxReadUnits);
    // The rows are filled in the first round. A memory that has evicted an entry reads it again, and writes nothing.
    expect(rounds[1]?.writeUnits).toBe(0);
  });
});
