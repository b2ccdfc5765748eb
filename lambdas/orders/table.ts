import type { Index } from '../shared/store/store.ts';

/** Orders of one user by their time; keys only, since an order's status changes and its place in the list does not. */
export const ordersByUser: Index = { name: 'by_user', partitionKey: 'user_id', sortKey: 'placed' };

/** What orders stated in one minute: where the sweep looks. Of outbox records only, which never change; keys only. */
export const publishedByMinute: Index = {
  name: 'by_published_minute',
  partitionKey: 'published_minute',
  sortKey: 'sk',
};
