import { isCheckedOut } from '../orders/cart-order.ts';
import { CacheEnvironment } from '../shared/cache/environment.ts';
import type { Deadline } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { unitOfWork } from '../shared/store/commit.ts';
import type { ReadableTable } from '../shared/store/store.ts';
import { depsFactory, lambdaPorts, type TablePorts, tableReader } from '../shared/store/tables.ts';
import { type CachedProducts, cachedProducts, createProductCaches } from './cached-products.ts';
import { type CartCheckedOutEvent, type CartStore, cartStore, emptyCheckedOutCart } from './cart-store.ts';
import { type CustomerStore, customerStore } from './customer-store.ts';
import { CatalogApiEnv, CatalogEnv } from './env.ts';
import { type Price, type PriceBasis, type PriceRequest, readPrice, readPriceBasis } from './pricing.ts';
import { type ProductStore, productStore } from './product-store.ts';
import { type QuoteStore, quoteStore } from './quote-store.ts';
import { invalidateRules, type PriceRulesChangedEvent, type RulesStore, rulesStore } from './rules-store.ts';
import { createRulesCache, type ShownPrices, shownPrices } from './shown-prices.ts';

/** What the consumer needs. */
export type CatalogDeps = {
  products: ProductStore;
  emptyCart: (event: CartCheckedOutEvent) => Promise<void>;
  invalidateRules: (event: PriceRulesChangedEvent) => Promise<void>;
};

/** The API shows products and prices through the cache. It decides by the stores, which read the table. */
export type CatalogApiDeps = {
  products: ProductStore;
  cached: CachedProducts;
  shownPrices: ShownPrices;
  carts: CartStore;
  customers: CustomerStore;
  quotes: QuoteStore;
  rules: RulesStore;
  readPrice: (request: PriceRequest) => Promise<Price>;
  readPriceBasis: (request: PriceRequest) => Promise<PriceBasis>;
};

export const createCatalogDeps = (ports: TablePorts) =>
  depsFactory(
    (work): CatalogDeps => ({
      products: productStore(work),
      emptyCart: (event) => emptyCheckedOutCart(work, event),
      invalidateRules: (event) => invalidateRules(work, event),
    }),
  )(ports);

/**
 * The caches belong to one execution environment, so they are created here and not for each request. The API also asks
 * the orders context whether a cart was checked out.
 */
export const createCatalogApiDeps = (ports: TablePorts, orders: ReadableTable) => {
  const environment = new CacheEnvironment(ports);
  const [caches, rulesCache] = [createProductCaches(environment, ports), createRulesCache(environment)];
  return (deadline: Deadline): CatalogApiDeps => {
    const work = unitOfWork(ports, deadline);
    const ordersReader = orders.withDeadline(deadline.deadlineMs);
    const products = productStore(work);
    const cached = cachedProducts(caches, products, work);
    return {
      products,
      cached,
      shownPrices: shownPrices(rulesCache, cached, work),
      carts: cartStore(work, (cart) => isCheckedOut(ordersReader, cart)),
      customers: customerStore(work),
      quotes: quoteStore(work),
      rules: rulesStore(work),
      readPrice: (request) => readPrice(work.store, request, () => work.clock.now()),
      readPriceBasis: (request) => readPriceBasis(work.store, request, () => work.clock.now()),
    };
  };
};

export const catalogDeps = () => createCatalogDeps(lambdaPorts(readEnv(CatalogEnv).CATALOG_TABLE));

export const catalogApiDeps = () => {
  const { CATALOG_TABLE, ORDERS_TABLE } = readEnv(CatalogApiEnv);
  return createCatalogApiDeps(lambdaPorts(CATALOG_TABLE), tableReader(ORDERS_TABLE));
};
