import { expect, test } from 'vitest';
import { CartModel } from '../support/cart-model.ts';

/** `SEEDS=200 FIRST_SEED=1` runs more of them, or others. */
const count = Number(process.env['SEEDS'] ?? 4);
const firstSeed = Number(process.env['FIRST_SEED'] ?? 1);

test.each([
  { customers: 1, readSpreadMs: 1 },
  { customers: 3, readSpreadMs: 1 },
  { customers: 3, readSpreadMs: 50 },
])(
  'carts, quotes and orders agree with what customers were told (%o)',
  async ({ customers, readSpreadMs }) => {
    const failures: string[] = [];
    let orders = 0;
    for (let seed = firstSeed; seed < firstSeed + count; seed++) {
      const { errors, counts } = await CartModel.run(seed, customers, readSpreadMs);
      failures.push(...errors.map((error) => `seed ${seed}: ${error}`));
      orders += counts.orders;
    }
    expect(failures).toEqual([]);
    expect(orders).toBeGreaterThan(count);
  },
  600_000,
);
