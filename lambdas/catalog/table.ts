import type { Index } from '../shared/store/store.ts';

/**
 * All products by their sku. A catalog is small and changes seldom, so one shelf holds it. Keys only: a product's row
 * changes with each ticket that is issued, and its place on the shelf never does.
 */
export const productsBySku: Index = { name: 'by_sku', partitionKey: 'list', sortKey: 'sku' };
