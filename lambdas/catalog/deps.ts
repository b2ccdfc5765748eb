import { CacheEnvironment } from '../shared/cache/environment.ts';
import type { Deadline } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { unitOfWork } from '../shared/store/commit.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import { type CachedProducts, cachedProducts, createProductCaches } from './cached-products.ts';
import { CatalogEnv } from './env.ts';
import { type ProductStore, productStore } from './product-store.ts';

/** What the consumer needs. */
export type CatalogDeps = { products: ProductStore };

/** The API reads products through the cache, and writes them by the store. */
export type CatalogApiDeps = { products: ProductStore; cached: CachedProducts };

export const createCatalogDeps = (ports: TablePorts) =>
  depsFactory((work): CatalogDeps => ({ products: productStore(work) }))(ports);

/** The caches belong to one execution environment, so they are created here and not for each request. */
export const createCatalogApiDeps = (ports: TablePorts) => {
  const caches = createProductCaches(new CacheEnvironment(ports), ports);
  return (deadline: Deadline): CatalogApiDeps => {
    const work = unitOfWork(ports, deadline);
    const products = productStore(work);
    return { products, cached: cachedProducts(caches, products, work) };
  };
};

export const catalogDeps = () => createCatalogDeps(lambdaPorts(readEnv(CatalogEnv).CATALOG_TABLE));
export const catalogApiDeps = () => createCatalogApiDeps(lambdaPorts(readEnv(CatalogEnv).CATALOG_TABLE));
