import type { Index } from '../shared/store/store.ts';

/**
 * The orders of a user by time. It has keys only: a status would change in the index with each step of an order, while
 * the position in the list never changes.
 */
export const ordersByUser: Index = { name: 'by_user', partitionKey: 'user_id', sortKey: 'placed_at_id' };

/**
 * The events that orders published in one minute, for the sweep. It indexes outbox records only, which never change,
 * and has keys only.
 */
export const publishedByMinute: Index = {
  name: 'by_published_minute',
  partitionKey: 'published_minute',
  sortKey: 'sk',
};
