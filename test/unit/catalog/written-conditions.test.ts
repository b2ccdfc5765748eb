import { expect, test } from 'vitest';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { createCatalogApiDeps } from '../../../lambdas/catalog/deps.ts';
import { productStore } from '../../../lambdas/catalog/product-store.ts';
import { createSteppingClock, noon } from '../../support/fixtures.ts';
import { createMemoryStore } from '../../support/memory-store.ts';
import { recordWrites } from '../../support/recorded-writes.ts';

const cause = { time: new Date(noon).toISOString(), correlation_id: 'x', causation_id: 'y' };

test('a product is created only if it is absent, and changed under its version', async () => {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  const products = productStore({ store, clock: createSteppingClock(), deadlineMs: noon + 5000 });
  const gig = { sku: 'gig', name: 'Gig', price: 10, capacity: 5 };
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

test('the cache rows of a product are written under their version, and expire', async () => {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  const clock = createSteppingClock();
  const deadline = { deadlineMs: noon + 5000 };
  const products = productStore({ store, clock, ...deadline });
  await products.put({ sku: 'gig', name: 'Gig', price: 10, capacity: 5 }, 'first');
  takeTransactions();
  await createCatalogApiDeps({ store, clock })(deadline).cached.get('gig');
  await products.setClaimed(StockChanged.make({ sku: 'gig', claimed: 2, version: 1 }, cause));
  await products.publishToCaches('gig');
  await products.publishToCaches('gig');
  expect(takeTransactions()).toEqual([
    ['put CACHE#products.64#46 STATE if absent, expires'],
    [`put CACHE#products.64#46 STATE if version ${noon}, expires`],
    ['update PRODUCT#gig STATE if version 1'],
    [`put CACHE#products.64#46 STATE if version ${noon + 1}, expires`],
    ['put CACHE#FEED STATE if absent, expires'],
  ]);
});
