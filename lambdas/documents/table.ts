import type { Index } from '../shared/store/store.ts';

/** The cached documents in ascending order of their date. It projects keys only. "Not found" rows are not in it. */
export const newestCached: Index = { name: 'newest_cached', partitionKey: 'list', sortKey: 'newest' };
