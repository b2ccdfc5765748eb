import type { Index } from '../shared/store/store.ts';

/** Entries of one account by its version: the statement. They never change, so the index holds them whole. */
export const entriesByAccount: Index = { name: 'by_account', partitionKey: 'account', sortKey: 'version' };

/** Which accounts there are, bucket by bucket. Both attributes are for good: a change of balance costs it nothing. */
export const accountsByBucket: Index = { name: 'by_bucket', partitionKey: 'bucket', sortKey: 'user_id' };
