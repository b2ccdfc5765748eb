import { expect, test } from 'vitest';
import { CartCheckedOut } from '../../../events/orders/cart-checked-out.ts';
import { StockChanged } from '../../../events/tickets/stock-changed.ts';
import { cartStore, emptyCheckedOutCart } from '../../../lambdas/catalog/cart-store.ts';
import { customerStore } from '../../../lambdas/catalog/customer-store.ts';
import { createCatalogApiDeps } from '../../../lambdas/catalog/deps.ts';
import { productStore } from '../../../lambdas/catalog/product-store.ts';
import { quoteStore } from '../../../lambdas/catalog/quote-store.ts';
import { rulesStore } from '../../../lambdas/catalog/rules-store.ts';
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
    ['update PRODUCT#gig STATE if version 3'],
    ['put PRODUCT#gig OUTBOX#ProductChanged:gig:3#put-third if absent, decides, expires'],
  ]);
});

/** Creates a table that records its writes. */
function createWork() {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  return { work: { store, clock: createSteppingClock(), deadlineMs: noon + 5000 }, takeTransactions };
}

test('rules are valid under their version, and each version is written once', async () => {
  const { work, takeTransactions } = createWork();
  const rules = rulesStore(work);
  const put = (mode: 'combine' | 'first_match') => rules.put({ set: { mode, rules: [] }, correlationId: 'request' });
  for (const mode of ['combine', 'first_match', 'first_match', 'combine'] as const) await put(mode);
  expect(takeTransactions()).toEqual([
    [
      'put RULES STATE if absent',
      'put RULES#HISTORY 0000000001 if absent',
      'put RULES OUTBOX#PriceRulesChanged:1 if absent, expires',
    ],
    [
      'update RULES STATE if version 1',
      'put RULES#HISTORY 0000000002 if absent',
      'put RULES OUTBOX#PriceRulesChanged:2 if absent, expires',
    ],
    ['update RULES STATE if version 2'],
    [
      'update RULES STATE if version 3',
      'put RULES#HISTORY 0000000004 if absent',
      'put RULES OUTBOX#PriceRulesChanged:4 if absent, expires',
    ],
  ]);
});

test('a quote is created only if it is absent, and expires, and is then replaced under its version', async () => {
  let nowMs = noon;
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => nowMs }));
  const clock = { ...createSteppingClock(), now: () => nowMs };
  const work = { store, clock, deadlineMs: Number.POSITIVE_INFINITY };
  await productStore(work).put({ sku: 'gig', name: 'Gig', price: 10, capacity: 5 }, 'first');
  takeTransactions();
  const identity = { id: 'q', body_hash: 'hash', hasKey: true };
  for (let time = 0; time < 2; time++)
    await quoteStore(work).create({ items: [{ sku: 'gig', quantity: 1 }] }, identity);
  nowMs += 24 * 3600_000 + 1000;
  for (let time = 0; time < 2; time++)
    await quoteStore(work).create({ items: [{ sku: 'gig', quantity: 1 }] }, identity);
  expect(takeTransactions()).toEqual([
    ['put QUOTE#q STATE if absent, decides, expires'],
    ['put QUOTE#q STATE if version 1, decides, expires'],
  ]);
});

test('a cart is created only if it is absent, and changed and emptied under its version', async () => {
  const { work, takeTransactions } = createWork();
  const carts = cartStore(work, async () => false);
  await carts.put('alice', [{ sku: 'gig', quantity: 1 }]);
  const cart = await carts.put('alice', [{ sku: 'gig', quantity: 2 }]);
  const checkedOut = CartCheckedOut.make(
    { order_id: 'a'.repeat(26), user_id: 'alice', cart_id: cart?.cart_id ?? '' },
    { time: new Date(noon).toISOString(), correlation_id: 'x', causation_id: 'y' },
  );
  for (let time = 0; time < 2; time++) await emptyCheckedOutCart(work, checkedOut);
  await carts.put('alice', [{ sku: 'gig', quantity: 3 }]);
  for (let time = 0; time < 2; time++) await carts.clear('alice');
  expect(takeTransactions()).toEqual([
    ['put CART#alice STATE if absent, expires'],
    ['update CART#alice STATE if version 1, expires'],
    ['update CART#alice STATE if version 2'],
    ['update CART#alice STATE if version 3, expires'],
    ['update CART#alice STATE if version 4, expires'],
    ['update CART#alice STATE if version 5, expires'],
  ]);
});

test('the tags of a customer are created only if they are absent, and changed under their version', async () => {
  const { work, takeTransactions } = createWork();
  for (const tag of ['staff', 'student']) await customerStore(work).put({ user_id: 'alice', tags: [tag] });
  expect(takeTransactions()).toEqual([
    ['put CUSTOMER#alice STATE if absent'],
    ['update CUSTOMER#alice STATE if version 1'],
  ]);
});

test('the cache rows of a product are written under their version, and expire', async () => {
  const { store, takeTransactions } = recordWrites(createMemoryStore({ now: () => noon }));
  const clock = createSteppingClock();
  const deadline = { deadlineMs: noon + 5000 };
  const products = productStore({ store, clock, ...deadline });
  await products.put({ sku: 'gig', name: 'Gig', price: 10, capacity: 5 }, 'first');
  takeTransactions();
  await createCatalogApiDeps({ store, clock }, createMemoryStore({ now: () => noon }))(deadline).cached.get('gig');
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
