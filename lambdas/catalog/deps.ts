import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { type TablePorts, tableStore } from '../shared/store/tables.ts';
import { CatalogEnv } from './env.ts';
import { type ProductStore, productStore } from './product-store.ts';

export type CatalogDeps = { products: ProductStore };

export const createCatalogDeps =
  ({ store, clock }: TablePorts) =>
  ({ deadlineMs }: Deadline): CatalogDeps => ({ products: productStore({ store, clock, deadlineMs }) });

export const catalogDeps = () =>
  createCatalogDeps({ store: tableStore(readEnv(CatalogEnv).CATALOG_TABLE), clock: systemClock });
