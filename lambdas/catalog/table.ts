import type { Index } from '../shared/store/store.ts';

/**
 * The index of all products by SKU. A catalog is small and changes seldom, so one partition holds it. The index
 * projects keys only, so it is not written when an issued ticket changes a product's row.
 */
export const productsBySku: Index = { name: 'by_sku', partitionKey: 'list', sortKey: 'sku' };
