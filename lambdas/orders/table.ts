import type { Index } from '../shared/store.ts';

/** Orders of one user by their time; keys only, since an order's status changes and its place in the list does not. */
export const ordersByUser: Index = { name: 'by_user', hash: 'user_id', sort: 'placed' };

/** What orders stated in one minute: where the sweep looks. Of outbox records only, which never change; keys only. */
export const statedByMinute: Index = { name: 'by_minute', hash: 'stated_in', sort: 'sk' };
