import type { Index } from '../shared/store/store.ts';

/** The entries of one account by version, for its statement. Entries never change, so the index holds whole rows. */
export const entriesByAccount: Index = { name: 'by_account', partitionKey: 'account', sortKey: 'version' };

/** All accounts by bucket. Both key attributes never change, so a change of balance writes nothing to this index. */
export const accountsByBucket: Index = { name: 'by_bucket', partitionKey: 'bucket', sortKey: 'user_id' };
