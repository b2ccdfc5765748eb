import type { Index } from '../shared/store.ts';

/** Entries of one account by its version: the statement. They never change, so the index holds them whole. */
export const entriesByAccount: Index = { name: 'by_account', hash: 'account', sort: 'version' };

/** Accounts of one bucket by their users. Keys only: an account changes with every payment, and its bucket never does. */
export const accountsByBucket: Index = { name: 'by_bucket', hash: 'bucket', sort: 'user_id' };
