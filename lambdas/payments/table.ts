import type { Index } from '../shared/store.ts';

/** Entries of one account by its version: the statement. They never change, so the index holds them whole. */
export const entriesByAccount: Index = { name: 'by_account', hash: 'account', sort: 'version' };
