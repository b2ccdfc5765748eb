import type { Index } from '../shared/store.ts';

/** Entries of one account by its version: the statement. They never change, so the index holds them whole. */
export const entriesByAccount: Index = { name: 'by_account', hash: 'account', sort: 'version' };

/** Which accounts there are, bucket by bucket. Both attributes are for good: a change of balance costs it nothing. */
export const accountsByBucket: Index = { name: 'by_bucket', hash: 'bucket', sort: 'user_id' };
