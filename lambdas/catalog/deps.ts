import type { Deadline } from '../shared/messaging/receipt.ts';
import { systemClock } from '../shared/runtime/clock.ts';
import { readEnv } from '../shared/runtime/env.ts';
import { tableStore } from '../shared/store/tables.ts';
import { CatalogEnv } from './env.ts';
import { type ProductStore, productStore } from './product-store.ts';

/** What this context's handlers stand on, for one call. */
export type CatalogDeps = { products: ProductStore };

export const catalogDeps = () => {
  const store = tableStore(readEnv(CatalogEnv).CATALOG_TABLE);
  return ({ deadlineMs }: Deadline): CatalogDeps => ({
    products: productStore({ store, clock: systemClock, deadlineMs }),
  });
};
