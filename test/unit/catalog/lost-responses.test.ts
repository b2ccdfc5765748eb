import { expect, test } from 'vitest';
import { cartStore } from '../../../lambdas/catalog/cart-store.ts';
import { productStore } from '../../../lambdas/catalog/product-store.ts';
import { rulesStore } from '../../../lambdas/catalog/rules-store.ts';
import type { UnitOfWork } from '../../../lambdas/shared/store/commit.ts';
import { WriteRefused } from '../../../lambdas/shared/store/store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore, overrideStore } from '../../support/memory-store.ts';

const requests: [string, string, (work: UnitOfWork) => Promise<unknown>][] = [
  [
    'a product that stays as it is',
    'PRODUCT#gig',
    (work) => productStore(work).put({ sku: 'gig', name: 'Gig', price: 10, capacity: 5 }, 'request'),
  ],
  [
    'price rules that stay as they are',
    'RULES',
    (work) => rulesStore(work).put({ set: { mode: 'combine', rules: [] }, correlationId: 'request' }),
  ],
  ['the deletion of an empty cart', 'CART#alice', (work) => cartStore(work, async () => false).clear('alice')],
];

test.each(requests)('%s is written once and confirmed, although no write gets a response', async (_, pk, put) => {
  const clock = createSteppingClock();
  const table = createMemoryStore({ now: clock.now });
  await put({ store: table, clock, deadlineMs: noon + 5000 });
  const withoutResponses = overrideStore(table, {
    write: async (writes, token) => {
      await table.write(writes, token);
      throw new WriteRefused(writes.map(() => ({ kind: 'no_response' })));
    },
  });
  await put({ store: withoutResponses, clock, deadlineMs: noon + 5000 });
  expect(await table.get({ pk, sk: 'STATE' })).toMatchObject({ version: 2 });
});
