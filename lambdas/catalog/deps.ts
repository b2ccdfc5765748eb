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
import { type RulesStore, rulesStore } from './rules-store.ts';

/** What the consumer needs. */
export type CatalogDeps = {
  products: ProductStore;
  emptyCart: (event: CartCheckedOutEvent) => Promise<void>;
};

/** The API reads products through the cache, and writes them by the store. */
export type CatalogApiDeps = {
  products: ProductStore;
  cached: CachedProducts;
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
    }),
  )(ports);

/**
 * The caches belong to one execution environment, so they are created here and not for each request. The API also asks
 * the orders context whether a cart was checked out.
 */
export const createCatalogApiDeps = (ports: TablePorts, orders: ReadableTable) => {
  const caches = createProductCaches(new CacheEnvironment(ports), ports);
  return (deadline: Deadline): CatalogApiDeps => {
    const work = unitOfWork(ports, deadline);
    const ordersReader = orders.withDeadline(deadline.deadlineMs);
    const products = productStore(work);
    return {
      products,
      cached: cachedProducts(caches, products, work),
      carts: cartStore(work, (cart) => isCheckedOut(ordersReader, cart)),
      customers: customerStore(work),
      quotes: quoteStore(work),
      rules: rulesStore(work),
      readPrice: (request) => readPrice(work.store, request, () => work.clock.now()),
      readPriceBasis: (request) => readPriceBasis(work.store, request),
    };
  };
};

export const catalogDeps = () => createCatalogDeps(lambdaPorts(readEnv(CatalogEnv).CATALOG_TABLE));

export const catalogApiDeps = () => {
  const { CATALOG_TABLE, ORDERS_TABLE } = readEnv(CatalogApiEnv);
  return createCatalogApiDeps(lambdaPorts(CATALOG_TABLE), tableReader(ORDERS_TABLE));
};
