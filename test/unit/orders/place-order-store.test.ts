import { expect, test } from 'vitest';
import { type OrderRequest, placeOnce } from '../../../lambdas/orders/place-order-store.ts';
import { Busy } from '../../../lambdas/shared/runtime/errors.ts';
import type { Store } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const createRequest = (body_hash: string): OrderRequest => ({
  order: { user_id: 'alice', items: [{ sku: 'disc', quantity: 1 }] },
  identity: { id: 'a'.repeat(26), body_hash, hasKey: true },
  correlationId: 'request',
  quotePrice: async () => 10,
});

test('rejects a reused key with 422 if the first order is placed concurrently, without another read', async () => {
  const table = createMemoryStore({ now: () => noon });
  const clock = createSteppingClock();
  const work = (store: Store) => ({ store, clock, deadlineMs: noon + 5000 });
  let reads = 0;
  const store: Store = overrideStore(table, {
    get: async (key) => {
      reads += 1;
      if (reads > 1) throw new Busy('throttled');
      const row = await table.get(key);
      await placeOnce(work(table), createRequest('first'));
      return row;
    },
  });
  await expect(placeOnce(work(store), createRequest('second'))).rejects.toMatchObject({
    status: 422,
    code: 'idempotency_key_reused',
  });
});

test('returns the order of a concurrent request with the same key', async () => {
  const table = createMemoryStore({ now: () => noon });
  const work = { store: table, clock: createSteppingClock(), deadlineMs: noon + 5000 };
  const placements = await Promise.all([1, 2, 3].map(() => placeOnce(work, createRequest('same'))));
  expect(new Set(placements.map(({ order }) => order.id)).size).toBe(1);
  expect(placements.filter(({ replayed }) => !replayed)).toHaveLength(1);
  expect(table.all().filter(({ sk }) => sk === 'STATE')).toHaveLength(1);
});
