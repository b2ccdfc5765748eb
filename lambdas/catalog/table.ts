import type { Index } from '../shared/store.ts';

/**
 * All products by their sku. A catalog is small and changes seldom, so one shelf holds it. Keys only: a product's row
 * changes with each ticket that is issued, and its place on the shelf never does.
 */
export const productsOnShelf: Index = { name: 'on_shelf', hash: 'shelf', sort: 'sku' };
