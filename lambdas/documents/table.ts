import type { Index } from '../shared/store/store.ts';

/** Cached documents by their date, newest last; keys only, and rows that say there is none are not on it. */
export const newestCached: Index = { name: 'newest_cached', partitionKey: 'list', sortKey: 'newest' };
