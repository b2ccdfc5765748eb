import { tableStore } from '../shared/clients.ts';
import { systemClock } from '../shared/clock.ts';
import { readEnv } from '../shared/env.ts';
import type { Patience } from '../shared/receipt.ts';
import { CatalogEnv } from './env.ts';
import { type ProductStore, productStore } from './product-store.ts';

/** What this context's handlers stand on, for one call. */
export type CatalogDeps = { products: ProductStore };

export const catalogDeps = () => {
  const store = tableStore(readEnv(CatalogEnv).CATALOG_TABLE);
  return ({ deadline }: Patience): CatalogDeps => ({ products: productStore({ store, clock: systemClock, deadline }) });
};
