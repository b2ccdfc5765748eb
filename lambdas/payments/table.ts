import type { Index } from '../shared/store/store.ts';

/** The entries of one account by version, for its statement. Entries never change, so the index holds whole rows. */
export const entriesByAccount: Index = { name: 'by_account', partitionKey: 'account', sortKey: 'version' };

/** All accounts by bucket. Both key attributes never change, so a change of balance writes nothing to this index. */
export const accountsByBucket: Index = { name: 'by_bucket', partitionKey: 'bucket', sortKey: 'user_id' };

/**
 * The attributes of the rows that expire: outbox records and records of dead letters. A row of the ledger always has
 * others too, so IAM can tell them apart and refuses an expiry to every role (`LedgerTable` in `lib/`).
 */
export const EXPIRING_ATTRIBUTES = [
  'pk',
  'sk',
  'expires_at',
  'events',
  'ttl_seconds',
  'event_id',
  'consumer',
  'reason',
  'receive_count',
  'first_received_at',
  'last_received_at',
] as const;
