import type { Index } from '../shared/store.ts';

/** Orders of one user by their time; keys only, since an order's status changes and its place in the list does not. */
export const ordersByUser: Index = { name: 'by_user', hash: 'by_user', sort: 'placed' };
