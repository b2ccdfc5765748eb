import { readEnv } from '../shared/runtime/env.ts';
import { depsFactory, lambdaPorts, type TablePorts } from '../shared/store/tables.ts';
import { CatalogEnv } from './env.ts';
import { type ProductStore, productStore } from './product-store.ts';

export type CatalogDeps = { products: ProductStore };

export const createCatalogDeps = (ports: TablePorts) =>
  depsFactory((work): CatalogDeps => ({ products: productStore(work) }))(ports);

export const catalogDeps = () => createCatalogDeps(lambdaPorts(readEnv(CatalogEnv).CATALOG_TABLE));
