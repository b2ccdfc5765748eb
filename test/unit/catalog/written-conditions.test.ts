import { expect, test } from 'vitest';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { productStore } from '../../../lambdas/catalog/product-store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

test('a product is created only if it is absent, and changed under its version', async () => {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  const products = productStore({ store, clock: createSteppingClock(), deadlineMs: noon + 5000 });
  const gig = { sku: 'gig', name: 'Gig', price: 10, capacity: 5 };
  const cause = { time: new Date(noon).toISOString(), correlation_id: 'x', causation_id: 'y' };
  await products.put(gig, 'first');
  await products.setClaimed(StockChanged.make({ sku: 'gig', claimed: 2, version: 1 }, cause));
  await products.put({ ...gig, price: 11 }, 'second');
  await products.put({ ...gig, price: 11 }, 'third');
  expect(takeTransactions()).toEqual([
    ['put PRODUCT#gig STATE if absent', 'put PRODUCT#gig OUTBOX#ProductChanged:gig:1 if absent, expires'],
    ['update PRODUCT#gig STATE if version 1'],
    ['update PRODUCT#gig STATE if version 2', 'put PRODUCT#gig OUTBOX#ProductChanged:gig:3 if absent, expires'],
    ['put PRODUCT#gig OUTBOX#ProductChanged:gig:3#put-third if absent, decides, expires'],
  ]);
});
